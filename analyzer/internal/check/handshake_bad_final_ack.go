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
	Name: record.CheckHandshakeBadFinalACK, Title: "third ACK does not acknowledge the SYN-ACK", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.4",
	Condition: "While the server is in SYN-RECEIVED an ACK arrives whose acknowledgment is not the SYN-ACK's sequence number plus one, or whose own number is not in the window that starts at the SYN's number plus one.",
	Benign: []string{
		"a segment of an earlier connection on the same ports arrives late",
		"the SYN-ACK was sent again with another number and the first was not captured",
	},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_right_seq_wrong_ack_evasion"}, {Tool: "Suricata", Name: "stream.3whs_wrong_seq_wrong_ack"},
		{Tool: "Arkime", Name: "tcpSynAckValidated=false"},
	},
	Filter:  "tcp.analysis.ack_lost_segment && tcp.seq == 1",
	Meaning: fsm.HandshakeBadAck | fsm.HandshakeBadSeq,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, k := notable(f, side, fsm.HandshakeBadAck|fsm.HandshakeBadSeq)
			if k == nil {
				continue
			}
			me, peer := &f.Conn.End[side], &f.Conn.End[side.Peer()]
			x := Finding{Side: side.String(), Frames: frames}
			if k.Meaning.Any(fsm.HandshakeBadAck) {
				x.Seen = "ack " + number(f, side.Peer(), k.Segment.Ack)
				x.Expected = "ack " + number(f, side.Peer(), peer.ISS+1)
				x.Message = fmt.Sprintf("The ACK in frame %d acknowledges %d where the SYN-ACK's number plus one is %d.",
					k.Frame.Number(), k.Segment.Ack, peer.ISS+1)
			} else {
				x.Seen = "seq " + number(f, side, k.Segment.Seq)
				x.Expected = "seq " + number(f, side, me.ISS+1)
				x.Message = fmt.Sprintf("The ACK in frame %d has sequence number %d where the SYN's number plus one is %d.",
					k.Frame.Number(), k.Segment.Seq, me.ISS+1)
			}
			found(x)
		}
	},
}
