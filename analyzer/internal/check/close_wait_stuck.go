package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var closeWaitStuck = &Check{
	Name: record.CheckCloseWaitStuck, Title: "stuck in CLOSE-WAIT", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6",
	Condition: "A side acknowledged the peer's FIN and then neither closed nor sent data for more than 60 s, up to the end of the capture: its application has not closed the socket (a leaked descriptor, often).",
	Benign:    []string{"the application is still working on a response", "the side's FIN was not captured"},
	Filter:    "tcp.flags.fin == 1 && !(tcp.completeness & 32)", Needs: BothSides | Whole,

	OncePerTemplate: "a clean connection is not left in CLOSE-WAIT",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			e := &f.Conn.End[side]
			in := transition(f, side, func(t *fsm.Transition) bool { return t.To == fsm.CloseWait })
			if e.State != fsm.CloseWait || !e.Proved() || in == nil || !e.Seen {
				continue
			}
			quiet := f.Until - max(in.Time, f.Dir[side].LastData)
			if quiet <= stuckAfter {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{in.Frame, f.FINAcked[side.Peer()].Frame}, Count: 1,
				Seen: phrase.Elapsed(quiet) + " without a FIN, up to the end of the capture", Expected: "a FIN",
				Message: fmt.Sprintf("The %s received the peer's FIN in frame %d and had not closed when the capture ended %s later.", side, in.Frame.Number(), phrase.Elapsed(f.Until-in.Time)),
			})
		}
	},
}
