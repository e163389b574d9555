package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var simultaneousClose = &Check{
	Name: record.CheckSimultaneousClose, Title: "simultaneous close", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.6",
	Condition: "Each side sent its FIN before it received the other's, so at least one went through CLOSING (RFC 9293 Figure 13).",
	Benign:    []string{"legal and harmless; both sides hold TIME-WAIT"},
	Filter:    "tcp.flags.fin == 1", Needs: InStep,

	OncePerTemplate: "the FINs of a clean connection do not cross",
	Judge: func(f *flow.Flow, found func(Finding)) {
		closing := func(t *fsm.Transition) bool { return t.To == fsm.Closing }
		if f.Transition(fsm.Client, closing) == nil && f.Transition(fsm.Server, closing) == nil {
			return
		}
		a, b := f.FIN(fsm.Client), f.FIN(fsm.Server)
		if a == nil || b == nil || f.Self {
			return
		}
		found(Finding{
			Frames: []fsm.Frame{a.Frame, b.Frame}, Count: 1, Seen: "FINs that cross", Expected: "one FIN first",
			Message: fmt.Sprintf("Simultaneous close: the FINs in frames %d and %d crossed.", a.Frame.Number(), b.Frame.Number()),
		})
	},
}
