package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// handshakeBadSYNACKAck finds a SYN-ACK that does not acknowledge the SYN. It
// leaves out the answer to an old duplicate SYN, which is right in its own way.
var handshakeBadSYNACKAck = &Check{
	Name: record.CheckHandshakeBadSYNACKAck, Title: "SYN-ACK does not acknowledge the SYN", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.3",
	Condition: "A SYN-ACK's ack is not the SYN's sequence number plus one (with Fast Open, plus the data on the SYN). The client must answer with a RST and stay in SYN-SENT.",
	Benign: []string{
		"the SYN-ACK answers a SYN of an earlier attempt that was not captured",
		"a middlebox rewrites sequence numbers in one direction only",
	},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_synack_with_wrong_ack"}, {Tool: "Zeek", Name: "bad_SYN_ack"},
		{Tool: "Wireshark", Name: "tcp.analysis.ack_lost_segment (by mistake)"},
	},
	Filter:  "tcp.flags.syn == 1 && tcp.flags.ack == 1 && tcp.ack != 1",
	Meaning: fsm.SYNACKBadAck,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, fsm.SYNACKBadAck, flow.Facts(), func(k *flow.NotableSegment) bool {
				return !acknowledgesOther(f, side.Peer(), k.Segment.Ack)
			})
			if first == nil {
				continue
			}
			if syn := synFrame(f, side.Peer()); syn != 0 {
				frames = append([]fsm.Frame{syn}, frames...)
			}
			peer := &f.Conn.End[side.Peer()]
			found(Finding{
				Side: side.String(), Frames: frames, Count: f.CountMeaning(side, fsm.SYNACKBadAck),
				Seen:     "ack " + number(f, side.Peer(), first.Segment.Ack),
				Expected: "ack " + number(f, side.Peer(), peer.ISS+1),
				Message: fmt.Sprintf("The SYN-ACK in frame %d has ack %d; the SYN's sequence number plus one is %d.",
					first.Frame.Number(), first.Segment.Ack, peer.ISS+1),
			})
		}
	},
}

// acknowledgesOther reports whether ack answers another SYN of side than the one
// that its connection was opened with.
func acknowledgesOther(f *flow.Flow, side fsm.Side, ack fsm.Seq) bool {
	other := false
	f.EachNotable(side, fsm.SYNInSync, flow.Facts(), func(k *flow.NotableSegment) { other = other || ack == k.Segment.Seq+1 })
	return other
}

// synFrame returns the frame of the SYN with which side opened, or 0.
func synFrame(f *flow.Flow, side fsm.Side) fsm.Frame {
	if side == fsm.Client {
		return f.SYN.Frame
	}
	return f.Conn.End[side].Syn.Frame
}
