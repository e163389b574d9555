package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// comparedNames is the column of the names of fields.
const comparedNames = 10

// compared writes what was compared, and how.
func (p *page) compared(r *change.Result, sides *[2]ComparedSide) {
	p.heading("Compared")
	for i, total := range [2]*change.Total{&r.Before, &r.After} {
		s := &sides[i]
		text := s.Name + ": "
		if s.Saved {
			text = s.Name + ", a saved report: "
		}
		text += phrase.Counted(total.Connections, "connection", "connections") + " to " + phrase.Counted(total.Services, "service", "services")
		if total.Last > total.First {
			text += ", begun within " + phrase.Duration(total.Last.Seconds(total.First))
		}
		if s.NotChosen > 0 {
			text += "; " + phrase.Count(s.NotChosen) + " not chosen"
		}
		p.field(comparedNames, [2]string{"before", "after"}[i], p.text(text))
		for _, f := range s.Faults[:min(len(s.Faults), maxFaults)] {
			p.field(comparedNames, "", p.text(f))
		}
	}
	p.field(comparedNames, "how sure", p.text("connection by connection, in batches of those that followed each other; chances are those of one false change in all "+
		phrase.Counted(r.Comparisons, "comparison", "comparisons")+" that could tell, told below "+phrase.Percent(r.Level)+". What differs may be the hour, the load or the clients."))
	if text := p.o.defaultsText(); text != "" {
		p.field(comparedNames, "defaults", p.text(text))
	}
	if r.Others > 0 || r.Unfollowed > 0 {
		text := phrase.Counted(r.Others, "service", "services") + " with " + phrase.Counted(r.OtherConns, "connection", "connections") + " beyond the largest were not compared"
		if r.Unfollowed > 0 {
			text += "; " + phrase.Counted(r.Unfollowed, "connection", "connections") + " to more services were not told apart"
		}
		p.field(comparedNames, "left out", p.text(text))
	}
}

// comparedColumn is a column of the table of services.
type comparedColumn struct {
	title   string
	least   int // the page's width from which on it is shown
	measure change.Measure
}

var comparedColumns = []comparedColumn{
	{"failed", 0, change.Failed},
	{"resent by\nclients", 130, change.ClientResent},
	{"resent by\nserver", 0, change.ServerResent},
	{"handshake", 0, change.Handshake},
	{"answer", 0, change.Answer},
	{"slow\nanswers", 100, change.SlowAnswer},
	{"round trip\nto server", 100, change.ClientRTT},
	{"clients'\nwindow", 120, change.ClientWindow},
	{"delivery\nby server", 130, change.ServerDelivery},
}

// comparedServices writes the values of both sides, the most changed services first.
func (p *page) comparedServices(r *change.Result) {
	p.heading("Services")
	rows := r.Services
	if p.o.Limit > 0 {
		rows = rows[:min(len(rows), shownServices, p.o.Limit)]
	}
	var columns []comparedColumn
	header := []string{"server", "", "conns"}
	for _, c := range comparedColumns {
		if p.width >= c.least {
			columns, header = append(columns, c), append(header, c.title)
		}
	}
	t := newGrid(p, header)
	for i := 2; i < len(header); i++ {
		t.right(i)
	}
	for i := range rows {
		s := &rows[i]
		row := []string{p.comparedServer(s), "before\nafter", phrase.Count(s.Before.Connections) + "\n" + phrase.Count(s.After.Connections)}
		for _, c := range columns {
			row = append(row, p.bothValues(s, c.measure))
		}
		t.row(row...)
	}
	t.write(func(line string) string { return line })
	if more := len(r.Services) - len(rows); more > 0 {
		p.hanging(2, "", plain, "and "+phrase.Counted(more, "other", "others")+": --limit 0 shows all", dim)
	}
}

// comparedServer is the first cell: the server, and in the second line where it is now, or
// that nothing can be told of it.
func (p *page) comparedServer(s *change.Service) string {
	first, second := serverWords(s, p.g.arrow)
	if second == "" && tooFew(s) {
		second = "too few to tell"
	}
	return cut(p.text(first), 32, p.g.ellipsis) + "\n" + cut(p.text(second), 32, p.g.ellipsis)
}

// bothValues are the values of both sides, one below the other.
func (p *page) bothValues(s *change.Service, m change.Measure) string {
	for i := range s.Measures {
		c := &s.Measures[i]
		if c.Measure != m {
			continue
		}
		if m == change.Failed {
			return phrase.Count(c.Before.Have) + "\n" + phrase.Count(c.After.Have)
		}
		return p.text(comparedValue(c, &c.Before)) + "\n" + p.text(comparedValue(c, &c.After))
	}
	return p.nothing() + "\n" + p.nothing()
}

// mostOneSided is how many services of one side only are named.
const mostOneSided = 5

// onlyOnOneSide names the services that are on one side only.
func (p *page) onlyOnOneSide(r *change.Result) {
	begun := false
	for i, list := range [2][]change.Side{r.OnlyBefore, r.OnlyAfter} {
		if len(list) == 0 {
			continue
		}
		if !begun {
			p.line()
			p.heading("On one side only")
			begun = true
		}
		shown := list
		if p.o.Limit > 0 {
			shown = list[:min(len(list), mostOneSided)]
		}
		var parts []string
		for k := range shown {
			s := &shown[k]
			text := serversOf(s) + optional(" ", s.Name) + " (" + phrase.Counted(s.Connections, "connection", "connections")
			if s.Failed > 0 {
				text += ", " + phrase.Count(s.Failed) + " failed"
			}
			parts = append(parts, text+")")
		}
		text := strings.Join(parts, ", ")
		if more := len(list) - len(shown); more > 0 {
			text += " and " + phrase.Counted(more, "other", "others")
		}
		p.field(comparedNames, [2]string{"before", "after"}[i], p.text(text))
	}
}
