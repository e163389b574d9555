package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var synInEstablished = &Check{
	Name: record.CheckSYNInEstablished, Title: "SYN on an open connection", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §4)",
	Condition: "A SYN with another ISN arrives on an open connection and is not accepted as a new one; its sender does not continue the old connection either.",
	Benign:    []string{"the client restarted and opens again from the same port (half-open recovery)", "the end of the earlier connection was not captured"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.est_syn_resend_diff_seq"}, {Tool: "Snort", Name: "129:1"}, {Tool: "Zeek", Name: "SYN_inside_connection"}},
	Filter:    "tcp.flags.syn == 1 && tcp.analysis.reused_ports", Needs: Beginning,
	Meaning: fsm.SYNInSync,
	Judge: func(f *flow.Flow, found func(Finding)) {
		judgeForeignSYN(f, false, func(side fsm.Side, k *flow.NotableSegment, frames []fsm.Frame) {
			found(Finding{
				Side: side.String(), Frames: frames, Seen: fmt.Sprintf("SYN with ISN %d", k.Segment.Seq), Expected: "no SYN in " + k.States[side.Peer()].String(),
				Message: fmt.Sprintf("The SYN in frame %d arrived while the connection was open and was not accepted.", k.Frame.Number()),
			})
		})
	},
}

// judgeForeignSYN finds SYNs on an open connection that opened nothing. blind
// asks for those whose supposed sender went on with the connection.
func judgeForeignSYN(f *flow.Flow, blind bool, report func(fsm.Side, *flow.NotableSegment, []fsm.Frame)) {
	for _, side := range sides {
		frames, first := notableThat(f, side, fsm.SYNInSync, flow.Facts(), func(k *flow.NotableSegment) bool {
			if k.Segment.Flags.Has(fsm.ACK) {
				return false // a SYN-ACK is other checks' business
			}
			goesOn := f.Dir[side].Last.Nth > k.Nth && f.RST[side].Nth <= k.Nth
			switch {
			case k.States[side].Synchronized():
				return goesOn == blind
			case k.States[side] == fsm.SynReceived && f.FinalACK.Nth > k.Nth: // what comes before is other checks' business
				return goesOn && blind
			}
			return false
		})
		if first != nil {
			report(side, first, frames)
		}
	}
}
