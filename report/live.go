package report

import (
	"io"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Ended writes what a live capture tells of a connection as it ends: one
// paragraph and a line for each finding. Options.Multi must say whether there
// are several sources.
func Ended(w io.Writer, c *record.Connection, o Options) error {
	return render(w, o, func(p *page) {
		facts := []string{
			p.ends(c) + optional(" ", c.Service),
			state(c.State[fsm.Client]) + " / " + state(c.State[fsm.Server]),
			openedBriefly(c),
			verdictBriefly(c),
			phrase.Size(c.Traffic[fsm.Client].Bytes) + " " + p.g.arrow + ", " + p.g.back + " " + phrase.Size(c.Traffic[fsm.Server].Bytes),
			phrase.Duration(span(c.First, c.Last)),
		}
		p.hanging(0, "#"+number(c.ID)+" ", bold, p.text(strings.Join(facts, ", ")), plain)
		for i := range c.Anomalies {
			a := &c.Anomalies[i]
			text := findingSentence(a)
			if len(a.Frames) > 0 {
				text += " (" + p.frames(a.Frames) + ")"
			}
			p.hanging(4, a.Severity.String()+" ", severityStyle(a.Severity), p.text(text), plain)
		}
	})
}
