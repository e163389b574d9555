package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var rstInjectionSuspected = &Check{
	Name: "rst-injection-suspected", Title: "RST that its sender seems not to have sent", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.5; observer: after a RST of its own an endpoint has nothing left to send",
	Condition: "A side sends ordinary segments more than 5 ms after a RST in its name that would have ended the connection, so the RST came from somebody else.",
	Benign:    []string{"segments captured out of order", "two hosts behind one address"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.suspected_rst_inject"}},
	Filter:    "tcp.flags.reset == 1", Needs: InStep,
	Meaning: fsm.AfterOwnRST,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, k := marked(f, side, fsm.AfterOwnRST, 0)
			rst := f.RST[side]
			if k == nil || k.Time-rst.Time <= 5_000_000 {
				continue
			}
			exact := false
			f.Marked(side, fsm.RSTExact, 0, func(r *flow.Mark) { exact = exact || r.Frame == rst.Frame })
			if !exact {
				continue // it ended nothing; what it was is other checks' business
			}
			seen := fmt.Sprintf("%s after the RST", span(k.Time-rst.Time))
			f.Marked(side, fsm.RSTSent, 0, func(r *flow.Mark) {
				if r.Frame == rst.Frame && r.TTL != f.Dir[side].TTL {
					seen += fmt.Sprintf("; TTL %d on the RST, %d before", r.TTL, f.Dir[side].TTL)
				}
			})
			found(Finding{
				Side: side.String(), Frames: append([]fsm.Frame{rst.Frame}, frames...), Count: len(frames), Seen: seen, Expected: "silence after a RST",
				Message: fmt.Sprintf("The %s went on sending in frame %d after the RST in frame %d: somebody else sent that RST.", side, k.Frame.Number(), rst.Frame.Number()),
			})
		}
	},
}
