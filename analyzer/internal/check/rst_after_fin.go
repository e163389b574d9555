package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var rstAfterFIN = &Check{
	Name: record.CheckRSTAfterFIN, Title: "RST after the sender's own FIN", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.5",
	Condition:       "A side that has sent its FIN sends a RST before the close is complete, and not in answer to data.",
	Benign:          []string{"common with browsers, load balancers and servers that do not wait for the peer's FIN", "an orphaned FIN-WAIT-2 that timed out"},
	Filter:          "tcp.flags.reset == 1 && tcp.completeness & 16",
	Meaning:         fsm.RSTSent,
	OncePerTemplate: "a RST behind a FIN of a clean connection answers data",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if f.FIN(side) == nil || resetOfLateData(f, side) != nil {
				continue
			}
			f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(k *flow.NotableSegment) {
				_, gaveUp := f.GaveUpFINWait2(side, k)
				if k.Meaning.Any(fsm.RSTForLastACK|fsm.RSTInTimeWait) && !gaveUp || k.States[side] == fsm.TimeWait && !k.Meaning.Any(fsm.RSTForLastACK) || !endedBy(f, side, k.Frame) {
					return
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{f.FIN(side).Frame, k.Frame}, Count: 1,
					Seen: "RST in " + stateBefore(f, side, k).String(), Expected: "the rest of the close",
					Message: fmt.Sprintf("The %s sent a RST in frame %d after its own FIN.", side, k.Frame.Number()),
				})
			})
		}
	},
}

// stateBefore returns the state in which side sent the RST, as it turned out.
func stateBefore(f *flow.Flow, side fsm.Side, rst *flow.NotableSegment) fsm.State {
	if t := f.Transition(side, func(t *fsm.Transition) bool { return t.Event == fsm.SendRST && t.Frame == rst.Frame }); t != nil {
		return t.From
	}
	return rst.States[side]
}
