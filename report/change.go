package report

import (
	"io"
	"math"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// ComparedSide is what one side of a comparison was read from.
type ComparedSide struct {
	Name      string   // of the file or folder
	Saved     bool     // it is a saved report, not a capture
	NotChosen uint64   // connections that --where and its like left out
	Faults    []string // of the capture, a sentence each; where it was cut short too
}

// Changes writes as text what changed between two captures.
func Changes(w io.Writer, r *change.Result, sides [2]ComparedSide, o Options) error {
	return render(w, o, func(p *page) {
		p.changes(r)
		p.line()
		p.compared(r, &sides)
		if len(r.Services) > 0 {
			p.line()
			p.comparedServices(r)
		}
		p.onlyOnOneSide(r)
	})
}

// mostChanges is after how many changes no further service is told of.
const mostChanges = 12

// changes writes what changed, what matters most first.
func (p *page) changes(r *change.Result) {
	p.heading("What changed")
	shown, all := 0, 0
	for i := range r.Services {
		s := &r.Services[i]
		all += len(s.Changes)
		if len(s.Changes) > 0 && (p.o.Limit == 0 || shown < mostChanges) {
			shown += len(s.Changes)
			p.serviceChanges(s)
		}
	}
	if all == 0 {
		p.hanging(2, "", plain, p.text(noChange(r)), plain)
	}
	if more := all - shown; more > 0 {
		p.hanging(2, "", plain, "and "+phrase.Counted(more, "more change", "more changes")+": --limit 0 shows all", dim)
	}
}

// noChange says that nothing changed, as far as that can be told.
func noChange(r *change.Result) string {
	few := 0
	for i := range r.Services {
		if tooFew(&r.Services[i]) {
			few++
		}
	}
	switch {
	case r.Before.Connections == 0 || r.After.Connections == 0:
		return "nothing to compare: a side has no connection"
	case len(r.Services) == 0:
		return "nothing to compare: no service is on both sides"
	case few == len(r.Services):
		return "none known: there are too few connections to tell"
	}
	return "none: no difference beyond chance that matters"
}

// tooFew reports whether nothing can be told of the service's times and sizes.
func tooFew(s *change.Service) bool {
	return !slices.ContainsFunc(s.Measures, func(c change.Comparison) bool {
		return c.Outcome == change.Changed || c.Outcome == change.NotShown && c.Measure != change.Failed && c.Measure != change.Verdict && c.Measure != change.Warned
	})
}

// changeColumn is the column in front of changes.
const changeColumn = 8

// serviceChanges writes the changes of a service: those that may follow from others in a few
// words behind them.
func (p *page) serviceChanges(s *change.Service) {
	var followers []string
	for i := range s.Changes {
		c := &s.Changes[i]
		if len(c.Follows) > 0 {
			followers = append(followers, changeTitle(c)+" ("+comparedValue(c, &c.Before)+" "+p.g.arrow+" "+comparedValue(c, &c.After)+")")
			continue
		}
		p.change(s, c)
	}
	if len(followers) > 0 {
		p.changeText("Perhaps therefore: " + strings.Join(followers, "; ") + ".")
	}
	for _, d := range s.Doubts {
		p.changeText(d)
	}
}

// change writes a change in a line, and below it the numbers.
func (p *page) change(s *change.Service, c *change.Comparison) {
	words, st := "better", green
	switch {
	case len(s.Doubts) > 0:
		words, st = "doubtful", yellow
	case s.Severity(c) == record.SeverityError:
		words, st = "worse", red
	case c.Direction > 0:
		words, st = "worse", yellow
	case c.Direction == 0:
		words, st = "other", plain
	}
	lead := "  " + padLeft(words, changeColumn) + "  "
	text := p.text(p.comparedName(s) + ": " + changeTitle(c))
	p.line(p.paint(st, lead), p.paint(bold, cut(text, p.width-cells(lead), p.g.ellipsis)))
	p.changeText(changeNumbers(c, p.g.arrow) + " " + changeChance(c))
}

func (p *page) changeText(text string) {
	for _, l := range wrap(p.text(text), p.width-changeColumn-4) {
		p.line(strings.Repeat(" ", changeColumn+4), l)
	}
}

// comparedName is what a service of both sides is called.
func (p *page) comparedName(s *change.Service) string {
	name, moved := serverWords(s, p.g.arrow)
	if moved == "" {
		return name
	}
	return name + " (" + moved + ")"
}

// serverWords names a service, and says where it is afterwards if that is somewhere else.
func serverWords(s *change.Service, arrow string) (name, moved string) {
	name = serversOf(&s.Before)
	switch a, b := s.Before.AllServers, s.After.AllServers; {
	case a > 1 || b > 1:
		name = "port " + number(uint64(s.Before.Servers[0].Port))
		moved = phrase.Count(a) + " " + arrow + " " + phrase.Counted(b, "address", "addresses")
	case s.Before.Servers[0] != s.After.Servers[0]:
		moved = arrow + " " + serversOf(&s.After)
	}
	return name + optional(" ", s.Name), moved
}

// serversOf names a service's address, or says how many it has.
func serversOf(s *change.Side) string {
	if s.AllServers == 1 {
		return addr(s.Servers[0])
	}
	return "port " + number(uint64(s.Servers[0].Port)) + " on " + phrase.Counted(s.AllServers, "address", "addresses")
}

// changeTitles say what is more and what is less.
var changeTitles = map[change.Measure][2]string{
	change.Failed:         {"more connections fail", "fewer connections fail"},
	change.Warned:         {"more connections have a warning", "fewer connections have a warning"},
	change.Handshake:      {"handshakes take longer", "handshakes are quicker"},
	change.Answer:         {"answers take longer", "answers come sooner"},
	change.SlowAnswer:     {"the slow answers take longer", "the slow answers come sooner"},
	change.ClientResent:   {"the clients retransmit more", "the clients retransmit less"},
	change.ServerResent:   {"the server retransmits more", "the server retransmits less"},
	change.ClientWindow:   {"the clients offer a larger receive window", "the clients offer a smaller receive window"},
	change.ServerWindow:   {"the server offers a larger receive window", "the server offers a smaller receive window"},
	change.ClientRTT:      {"the round trip to the server takes longer", "the round trip to the server is quicker"},
	change.ServerRTT:      {"the round trip to the clients takes longer", "the round trip to the clients is quicker"},
	change.ClientDelivery: {"the clients' data is delivered faster", "the clients' data is delivered more slowly"},
	change.ServerDelivery: {"the server's data is delivered faster", "the server's data is delivered more slowly"},
	change.ClientBytes:    {"the clients send more data on a connection", "the clients send less data on a connection"},
	change.ServerBytes:    {"the server sends more data on a connection", "the server sends less data on a connection"},
}

// changeTitle says in a few words what changed.
func changeTitle(c *change.Comparison) string {
	if c.Measure == change.Verdict {
		if c.After.Value > c.Before.Value {
			return "more connections: " + verdictWords(c.Verdict)
		}
		return "fewer connections: " + verdictWords(c.Verdict)
	}
	if c.After.Value > c.Before.Value {
		return changeTitles[c.Measure][0]
	}
	return changeTitles[c.Measure][1]
}

// changeNumbers is a sentence with the values of both sides.
func changeNumbers(c *change.Comparison, arrow string) string {
	from, to := comparedValue(c, &c.Before), comparedValue(c, &c.After)
	text := from + " " + arrow + " " + to
	switch {
	case c.Before.Batches == 0:
		text = phrase.Count(c.Before.Have) + " of " + phrase.Count(c.Before.Of) + " connections " + arrow + " " +
			phrase.Count(c.After.Have) + " of " + phrase.Count(c.After.Of) + " (" + text + ")"
	case c.Unit == change.Share:
		text += " of packets, on " + bothCounts(c)
	default:
		text += ", the median of " + bothCounts(c)
		if !math.IsNaN(c.Low) {
			text += "; the difference is " + comparedDifference(c, c.Low) + " to " + comparedDifference(c, c.High) + " (95 % sure)"
		}
	}
	if c.Measure == change.Failed && c.From != 0 && c.To > c.From && c.After.Have > 1 {
		text += ", within " + phrase.Duration(c.To.Seconds(c.From)) + " of each other"
	}
	return text + "."
}

// bothCounts says on how many connections the values rest.
func bothCounts(c *change.Comparison) string {
	a, b := c.Before.Connections, c.After.Connections
	if a == b {
		return phrase.Counted(a, "connection", "connections") + " each"
	}
	return phrase.Count(a) + " and " + phrase.Counted(b, "connection", "connections")
}

// comparedValue writes one side's value.
func comparedValue(c *change.Comparison, v *change.Value) string {
	if math.IsNaN(v.Value) {
		return "–"
	}
	switch c.Unit {
	case change.Seconds:
		return phrase.Duration(v.Value)
	case change.Bytes:
		return phrase.Size(uint64(v.Value))
	case change.ByteRate:
		return phrase.Size(uint64(v.Value)) + "/s"
	}
	return phrase.Percent(v.Value)
}

// comparedDifference writes a difference with its sign.
func comparedDifference(c *change.Comparison, d float64) string {
	sign := "+"
	if d < 0 {
		sign = "-"
	}
	return sign + comparedValue(c, &change.Value{Value: math.Abs(d)})
}

// changeChance says how sure it is.
func changeChance(c *change.Comparison) string {
	const most = 1_000_000
	times := "less than once in " + phrase.Count(uint64(most)) + " times"
	if c.Corrected > 1.0/most {
		times = "once in " + phrase.Count(uint64(1/c.Corrected)) + " times"
	}
	return "Chance alone would show as much " + times + "."
}
