package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var finWait2Stuck = &Check{
	Name: record.CheckFINWait2Stuck, Title: "stuck in FIN-WAIT-2", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.6",
	Condition: "A side's FIN was acknowledged and the peer neither closed nor sent data for more than 60 s, up to the end of the capture.",
	Benign:    []string{"the peer is still working on a response", "the host dropped the orphaned connection without sending anything (Linux: tcp_fin_timeout, 60 s)"},
	Filter:    "tcp.flags.fin == 1 && !(tcp.completeness & 32)", Needs: BothSides | Whole,

	OncePerTemplate: "a clean connection is not left in FIN-WAIT-2",
	Thresholds: []Threshold{
		{Name: "after", Time: 60 * fsm.Second, Meaning: "a side stays in FIN-WAIT-2 for longer than this without data of its peer"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			in := f.Transition(side, func(t *fsm.Transition) bool { return t.To == fsm.FinWait2 })
			if f.Conn.End[side].State != fsm.FinWait2 || in == nil || !f.Conn.End[side.Peer()].Seen {
				continue
			}
			quiet := f.Until - max(in.Time, f.Dir[side.Peer()].LastData)
			if quiet <= by.Time("after") {
				continue
			}
			doubt := ""
			if !f.Conn.Proved(side) {
				doubt = "nothing shows that the peer had not closed before: then this is TIME-WAIT"
			}
			found(Finding{
				Doubt: doubt,
				Side:  side.String(), Frames: []fsm.Frame{f.FIN(side).Frame, in.Frame}, Count: 1,
				Seen: phrase.Elapsed(quiet) + " without the peer's FIN", Expected: "the peer's FIN",
				Message: fmt.Sprintf("The %s has waited in FIN-WAIT-2 since frame %d; the %s's FIN had not come when the capture ended %s later.",
					side, in.Frame.Number(), side.Peer(), phrase.Elapsed(f.Until-in.Time)),
			})
		}
	},
}
