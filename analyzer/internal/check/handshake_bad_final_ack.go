package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// handshakeBadFinalAck finds an ACK in SYN-RECEIVED that is not the SYN-ACK's
// number plus one, or sits outside the window.
var handshakeBadFinalAck = &Check{
	Name: record.CheckHandshakeBadFinalACK, Title: "final ACK does not acknowledge the SYN-ACK", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.4",
	Condition: "In SYN-RECEIVED an ACK arrives whose ack is not the SYN-ACK's sequence number plus one, or whose sequence number is outside the window that starts at the SYN's plus one. A keepalive probe of a side that is established already does not count.",
	Benign: []string{
		"a delayed segment of an earlier connection on the same ports",
		"the SYN-ACK was sent anew with another ISN and the first was not captured",
	},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_right_seq_wrong_ack_evasion"}, {Tool: "Suricata", Name: "stream.3whs_wrong_seq_wrong_ack"},
		{Tool: "Arkime", Name: "tcpSynAckValidated=false"},
	},
	Filter:  "tcp.analysis.ack_lost_segment && tcp.seq == 1",
	Meaning: fsm.HandshakeBadAck | fsm.HandshakeBadSeq,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, k := notableThat(f, side, fsm.HandshakeBadAck|fsm.HandshakeBadSeq, flow.Facts(), func(k *flow.NotableSegment) bool {
				return !k.Facts.Has(flow.KeepaliveProbe) // its sender is established: its ACK did not arrive
			})
			if k == nil {
				continue
			}
			me, peer := &f.Conn.End[side], &f.Conn.End[side.Peer()]
			x := Finding{Side: side.String(), Frames: frames}
			if k.Meaning.Any(fsm.HandshakeBadAck) {
				x.Seen = "ack " + number(f, side.Peer(), k.Segment.Ack)
				x.Expected = "ack " + number(f, side.Peer(), peer.ISS+1)
				x.Message = fmt.Sprintf("The ACK in frame %d has ack %d; the SYN-ACK's sequence number plus one is %d.",
					k.Frame.Number(), k.Segment.Ack, peer.ISS+1)
			} else {
				x.Seen = "seq " + number(f, side, k.Segment.Seq)
				x.Expected = "seq " + number(f, side, me.ISS+1)
				x.Message = fmt.Sprintf("The ACK in frame %d has sequence number %d; the SYN's plus one is %d.",
					k.Frame.Number(), k.Segment.Seq, me.ISS+1)
			}
			found(x)
		}
	},
}
