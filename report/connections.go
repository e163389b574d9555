package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// The table gives each connection two lines, the client's above the server's,
// because each endpoint has a state of its own. What happened stands beside
// them: opened, closed, the worst finding.

func (p *page) connectionTable(d *Digest, start fsm.Time) {
	shown, left := d.connections()
	p.heading("Connections")
	if len(shown) == 0 {
		p.line("  none")
		return
	}
	roomy := p.width >= defaultWidth
	header := []string{"#", "client\n" + p.g.arrow + " server", "final state", "sent", "opened, verdict,\nworst finding"}
	if roomy {
		header = slices.Insert(header, 4, "start\nlasted")
	}
	t := newGrid(p, header)
	t.right(0, 3)
	if roomy {
		t.right(4)
	}
	for _, c := range shown {
		began, lasted := p.text(phrase.Duration(span(start, c.First))), p.text(phrase.Duration(span(c.First, c.Last)))
		if c.Quality.Untimed {
			began, lasted = "–", "–"
		}
		row := []string{
			number(c.ID),
			addr(c.Client) + "\n" + p.g.arrow + " " + addr(c.Server) + optional(" ", p.service(c)),
			state(c.State[fsm.Client]) + "\n" + state(c.State[fsm.Server]),
			phrase.Size(c.Traffic[fsm.Client].Bytes) + "\n" + phrase.Size(c.Traffic[fsm.Server].Bytes),
			p.whatHappened(c, lasted, roomy),
		}
		if roomy {
			row = slices.Insert(row, 4, began+"\n"+lasted)
		}
		t.row(row...)
	}
	t.write(p.paintFinding)
	if slices.ContainsFunc(shown, func(c *record.Connection) bool { return !c.State[0].Proved || !c.State[1].Proved }) {
		p.line()
		p.hanging(2, "", plain, unprovedLegend, dim)
	}
	if left > 0 {
		p.line()
		p.hanging(2, "", plain, phrase.Counted(uint64(left), "more connection", "more connections")+
			" not shown; worst first. --limit 0 shows all, --conn N one of them.", plain)
	}
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

// whatHappened writes the last column; it also says how long the connection
// lasted where no column does.
func (p *page) whatHappened(c *record.Connection, lasted string, roomy bool) string {
	lines := []string{p.text(openedBriefly(c)), p.text(verdictBriefly(c))}
	if !roomy {
		lines[1] += ", " + lasted
	}
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
