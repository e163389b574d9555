package report

import (
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Line tells one connection in one line, for output that grows as connections
// end: when it ended, which it was, how long it lasted, what client and server
// sent, how it was closed, and the worst finding. What does not fit goes on
// below.
func Line(w io.Writer, c *record.Connection, o Options) error {
	return render(w, o, func(p *page) {
		parts := []string{
			p.ends(c),
			phrase.Duration(span(c.First, c.Last)),
			phrase.Size(c.Traffic[fsm.Client].Bytes) + "/" + phrase.Size(c.Traffic[fsm.Server].Bytes),
			verdictBriefly(c),
		}
		if whose := processesBriefly(c); whose != "" {
			parts = slices.Insert(parts, 3, whose)
		}
		st := plain
		if a := worstFinding(c); a != nil {
			parts, st = append(parts, foundBriefly(c, a)), severityStyle(a.Severity)
		}
		lead := goTime(c.Last).In(o.zone()).Format("15:04:05") + "  " + padRight("#"+number(c.ID), 4) + " "
		p.packed(lead, parts, st)
		if o.Filters {
			p.line(strings.Repeat(" ", cells(lead)) + string(c.AppendWiresharkFilter(nil)))
		}
	})
}

// packed writes parts behind a lead, as many on a line as fit; the last part
// has a style.
func (p *page) packed(lead string, parts []string, last style) {
	at := cells(lead)
	line, used := p.paint(dim, lead), at
	for i, part := range parts {
		part = p.text(part)
		n := cells(part)
		if i == len(parts)-1 {
			part = p.paint(last, part)
		}
		switch {
		case i == 0:
		case used+2+n <= p.width:
			line, used = line+"  ", used+2
		default:
			p.line(line)
			line, used = strings.Repeat(" ", at), at
		}
		line, used = line+part, used+n
	}
	p.line(line)
}
