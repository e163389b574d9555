package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// The table gives each connection a line where the width allows, else two, the client's
// above the server's, because each endpoint has a state of its own. What happened stands
// beside them: opened, closed, the worst finding.

func (p *page) connectionTable(d *Digest, start fsm.Time) {
	shown, left := d.connections()
	p.heading("Connections")
	if len(shown) == 0 {
		p.line("  none")
		return
	}
	layout := &stackedLayout
	switch {
	case p.width >= wideEnough:
		layout = &wideLayout
	case p.width >= defaultWidth:
		layout = &roomyLayout
	}
	t := newGrid(p, layout.header(p))
	t.right(layout.right...)
	for _, c := range shown {
		t.row(layout.row(p, c, start)...)
	}
	t.write(p.paintFinding)
	if slices.ContainsFunc(shown, func(c *record.Connection) bool { return !c.State[0].Proved || !c.State[1].Proved }) {
		p.line()
		p.hanging(2, "", plain, unprovedLegend, dim)
	}
	if left > 0 {
		p.line()
		p.hanging(2, "", plain, phrase.Counted(uint64(left), "more connection", "more connections")+
			" not shown; "+p.order()+". --limit 0 shows all, --conn N one of them.", plain)
	}
}

// order says what the connections are ordered by.
func (p *page) order() string {
	k := sortKeyOf(p.o.Sort)
	switch k {
	case sortCost:
		return "those that lost most time first"
	case sortID:
		return "in the order of the capture"
	}
	return "ordered by " + SortKeys[k]
}

// tableLayout is what the table of connections has in its columns at a width.
type tableLayout struct {
	header func(p *page) []string
	right  []int
	row    func(p *page, c *record.Connection, start fsm.Time) []string
}

// stackedLayout is for 80 columns.
var stackedLayout = tableLayout{
	header: func(p *page) []string {
		return []string{"#", "client\n" + p.g.arrow + " server", "final state", "sent", "opened, verdict,\nworst finding"}
	},
	right: []int{0, 3},
	row: func(p *page, c *record.Connection, start fsm.Time) []string {
		_, lasted := p.when(c, start)
		return []string{number(c.ID), p.stackedEnds(c), stackedStates(c), stackedSizes(c), p.whatHappened(c, ", "+lasted)}
	},
}

// roomyLayout is for 100 columns.
var roomyLayout = tableLayout{
	header: func(p *page) []string {
		return []string{"#", "client\n" + p.g.arrow + " server", "final state", "sent", "start\nlasted", "resent\ngoodput", "opened, verdict,\nworst finding"}
	},
	right: []int{0, 3, 4, 5},
	row: func(p *page, c *record.Connection, start fsm.Time) []string {
		began, lasted := p.when(c, start)
		return []string{
			number(c.ID), p.stackedEnds(c), stackedStates(c), stackedSizes(c), began + "\n" + lasted,
			resent(c) + "\n" + p.goodput(c), p.whatHappened(c, ""),
		}
	},
}

// wideLayout is for 130 columns and more: a line for each connection.
var wideLayout = tableLayout{
	header: func(p *page) []string {
		return []string{"#", "client " + p.g.arrow + " server", "final states", "lasted", "sent", "resent", "goodput", "verdict, worst finding"}
	},
	right: []int{0, 3, 4, 5, 6},
	row: func(p *page, c *record.Connection, start fsm.Time) []string {
		_, lasted := p.when(c, start)
		what := p.text(verdictBriefly(c))
		if a := worstFinding(c); a != nil {
			what += "  " + p.text(foundBriefly(c, a))
		}
		return []string{
			number(c.ID), p.ends(c) + optional(" ", p.service(c)), state(c.State[fsm.Client]) + " " + state(c.State[fsm.Server]), lasted,
			phrase.Size(c.Traffic[fsm.Client].Bytes) + " " + phrase.Size(c.Traffic[fsm.Server].Bytes), resent(c), p.goodput(c), what,
		}
	},
}

// when writes the connection's start and how long it lasted.
func (p *page) when(c *record.Connection, start fsm.Time) (began, lasted string) {
	if c.Quality.Untimed {
		return p.nothing(), p.nothing()
	}
	return p.text(phrase.Duration(span(start, c.First))), p.text(phrase.Duration(span(c.First, c.Last)))
}

func (p *page) stackedEnds(c *record.Connection) string {
	return addr(c.Client) + "\n" + p.g.arrow + " " + addr(c.Server) + optional(" ", p.service(c))
}

func stackedStates(c *record.Connection) string {
	return state(c.State[fsm.Client]) + "\n" + state(c.State[fsm.Server])
}

func stackedSizes(c *record.Connection) string {
	return phrase.Size(c.Traffic[fsm.Client].Bytes) + "\n" + phrase.Size(c.Traffic[fsm.Server].Bytes)
}

// resent writes the share of the packets that were retransmissions.
func resent(c *record.Connection) string {
	n := c.Traffic[0].Retransmissions + c.Traffic[1].Retransmissions
	if n == 0 {
		return "0 %"
	}
	return phrase.Percent(float64(n) / float64(c.Traffic[0].Packets+c.Traffic[1].Packets))
}

// goodput writes that of the side with more of it.
func (p *page) goodput(c *record.Connection) string {
	r := max(goodput(c, fsm.Client), goodput(c, fsm.Server))
	if r <= 0 || c.Quality.Untimed {
		return p.nothing()
	}
	return p.text(phrase.Size(uint64(r)) + "/s")
}

// gravity is 0 without findings, else 1 + the worst one's severity.
func gravity(c *record.Connection) int {
	if a := worstFinding(c); a != nil {
		return 1 + int(a.Severity)
	}
	return 0
}

func worstFinding(c *record.Connection) *record.Anomaly {
	var worst *record.Anomaly
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; worst == nil || a.Severity > worst.Severity {
			worst = a
		}
	}
	return worst
}

// service names the server's port, cut to what a name may take.
func (p *page) service(c *record.Connection) string {
	return cut(p.text(c.Service), 15, p.g.ellipsis)
}

// whatHappened writes the last column, with something behind the verdict.
func (p *page) whatHappened(c *record.Connection, behind string) string {
	lines := []string{p.text(openedBriefly(c)), p.text(verdictBriefly(c)) + behind}
	if a := worstFinding(c); a != nil {
		lines = append(lines, p.text(foundBriefly(c, a)))
	}
	return strings.Join(lines, "\n")
}

func openedBriefly(c *record.Connection) string {
	h := &c.Handshake
	text := words(handshakeKinds, h.Kind)
	if h.ServerRTT >= 0 && h.ClientRTT >= 0 && h.Complete {
		text += ", " + phrase.Duration(h.ServerRTT+h.ClientRTT)
	}
	return text
}

func closedBriefly(c *record.Connection) string {
	text := closeWords(&c.Close)
	if c.Evicted {
		text += ", evicted (too many open)"
	}
	return text
}

// foundBriefly names the worst finding and how many others there are.
func foundBriefly(c *record.Connection, worst *record.Anomaly) string {
	text := worst.Severity.String() + ": " + string(worst.Name)
	if more := len(c.Anomalies) - 1; more > 0 {
		text += " (+" + number(uint64(more)) + ")"
	}
	return text
}

// paintFinding colours the end of a table's line that names a finding.
func (p *page) paintFinding(line string) string {
	for s := record.SeverityCapture; s <= record.SeverityError; s++ {
		if i := strings.LastIndex(line, "  "+s.String()+": "); i >= 0 {
			return line[:i+2] + p.paint(severityStyle(s), line[i+2:])
		}
	}
	return line
}

func optional(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}
