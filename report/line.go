package report

import (
	"io"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Line tells one connection in one line, for output that grows as connections
// end: when it ended, which it was, how long it lasted, what the client and the
// server sent, how it was closed, and the gravest finding. What does not fit
// goes on below.
func Line(w io.Writer, c *record.Connection, o Options) error {
	return render(w, o, func(p *page) {
		zone := o.Zone
		if zone == nil {
			zone = time.Local
		}
		lead := time.Unix(0, int64(c.Last)).In(zone).Format("15:04:05.000") + "  " + padRight("#"+number(c.ID), 4) + " "
		text := p.text(p.ends(c) + optional(" ", p.service(c)) + "  " + shortDuration(span(c.First, c.Last)) + "  " +
			octets(c.Traffic[fsm.Client].Octets) + " / " + octets(c.Traffic[fsm.Server].Octets) + "  " + closedBriefly(c))
		a := gravest(c)
		if a == nil {
			p.hanging(0, lead, dim, text, plain)
			return
		}
		found := a.Severity.String() + ": " + a.Name
		if more := len(c.Anomalies) - 1; more > 0 {
			found += " (+" + number(uint64(more)) + ")"
		}
		found = p.paint(severityStyle(a.Severity), p.text(found))
		if cells(lead)+cells(text)+2+len(a.Severity.String())+len(a.Name)+8 <= p.width {
			p.line(p.paint(dim, lead), text, "  ", found)
			return
		}
		p.hanging(0, lead, dim, text, plain)
		p.line("              "+p.g.below+" ", found)
	})
}
