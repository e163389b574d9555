package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var handshakeACKWrongDirection = &Check{
	Name: record.CheckHandshakeACKWrongDirection, Title: "bare ACK in SYN-RECEIVED", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition: "A side in SYN-RECEIVED, whose own SYN is not acknowledged yet, sends a bare ACK instead of its SYN-ACK, and no SYN asked for it just before (RFC 9293 §3.10.7.4). Where one direction alone was captured the check is silent.",
	Benign:    []string{"the ACK of its SYN was not captured", "it answers a segment that was not acceptable"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.3whs_ack_in_wrong_dir"}},
	Filter:    "tcp.flags == 0x010 && !(tcp.completeness & 2)", Needs: Whole,
	Meaning: fsm.ACKBeforeACK,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if f.Conn.End[side.Peer()].FastOpen || f.OneSided() {
				continue
			}
			unasked := func(k *flow.NotableSegment) bool {
				return k.Segment.Flags&fsm.FIN == 0 && !isSYN(f, side.Peer(), k.Prior)
			}
			if frames, k := notableThat(f, side, fsm.ACKBeforeACK, flow.Facts(), unasked); k != nil {
				found(Finding{
					Side: side.String(), Frames: frames, Seen: "bare ACK in SYN-RECEIVED", Expected: "SYN-ACK, then the peer's ACK",
					Message: fmt.Sprintf("The %s sent a bare ACK in frame %d before its own SYN was acknowledged.", side, k.Frame.Number()),
				})
			}
		}
	},
}

// isSYN reports whether a frame is a SYN of side's that came again, or came later than the one that began
// the connection.
func isSYN(f *flow.Flow, side fsm.Side, frame fsm.Frame) (is bool) {
	for i := range f.Notable() {
		k := &f.Notable()[i]
		is = is || k.Frame == frame && k.From == side && k.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN
	}
	return is && frame != f.SYN.Frame
}
