package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var dataToClosedSocket = &Check{
	Name: "data-to-closed-socket", Title: "data for an application that has closed", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6.1 (SHLD-3)",
	Condition: "A side has sent its FIN, the peer sends data, and the side answers that data with a RST.",
	Benign:    []string{"the application needed no more of the answer", "a client that hangs up while the server still sends"},
	Filter:    "tcp.flags.reset == 1 && tcp.completeness & 16", Needs: InStep,
	Meaning: fsm.RSTSent,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if k := resetOfLateData(f, side); k != nil {
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{k.Prior, k.Frame}, Count: 1,
					Seen: fmt.Sprintf("RST in answer to %s", plural(int(k.PriorLen), "octet", "octets")), Expected: "data read to the end",
					Message: fmt.Sprintf("The %s had closed; it reset the connection in frame %d when the data in frame %d came, so that data was lost.",
						side, k.Frame.Number(), k.Prior.Number()),
				})
			}
		}
	},
}

// resetOfLateData returns the RST with which side, after its own FIN, answered
// data, or nil.
func resetOfLateData(f *flow.Flow, side fsm.Side) (rst *flow.Mark) {
	if finFrame(f, side) == nil {
		return nil
	}
	f.Marked(side, fsm.RSTSent, 0, func(k *flow.Mark) {
		if rst == nil && k.PriorLen > 0 && endedBy(f, side, k.Frame) && !k.Meaning.Any(fsm.RSTForLastACK|fsm.RSTInTimeWait) && k.States[side] != fsm.TimeWait {
			rst = k
		}
	})
	return rst
}

// endedBy reports whether side's RST in the frame stands as the end of its part:
// it was not taken back because side went on.
func endedBy(f *flow.Flow, side fsm.Side, rst fsm.Frame) bool {
	return transition(f, side, func(t *fsm.Transition) bool { return t.Event == fsm.SendRST && t.Frame == rst }) != nil
}
