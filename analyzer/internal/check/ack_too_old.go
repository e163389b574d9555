package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var ackTooOld = &Check{
	Name: record.CheckACKTooOld, Title: "acknowledgment far too old", Family: "sequence",
	Severity: record.SeverityWarning, Rule: "RFC 5961 §5.2",
	Condition: "A segment without data has an ack below its sender's highest by more than the largest window that the sender ever offered (SND.UNA − MAX.SND.WND): the receiver must drop it and send a challenge ACK.",
	Benign:    []string{"a segment of an earlier connection on the same ports", "a segment delayed in the network for a long time"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.pkt_invalid_ack"}, {Tool: "nf_conntrack", Name: "under the lower bound"}},
	Filter:    "tcp.analysis.duplicate_ack || tcp.analysis.out_of_order", Needs: Scales | InStep,
	Facts: flow.Facts(flow.AckTooOld),
	Judge: judgeOldAck(func(k *flow.NotableSegment) bool { return k.Segment.Len == 0 && !k.Segment.Flags.Has(fsm.FIN) }, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) string {
		return fmt.Sprintf("The ACK in frame %d acknowledges %s, too far below the %s's highest acknowledgment.", k.Frame.Number(), number(f, side.Peer(), k.Segment.Ack), side)
	}),
}

// judgeOldAck makes a Judge of segments that acknowledge too little by far.
func judgeOldAck(is func(*flow.NotableSegment) bool, message func(*flow.Flow, fsm.Side, *flow.NotableSegment) string) func(*flow.Flow, func(Finding)) {
	return func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, 0, flow.Facts(flow.AckTooOld), is)
			if first == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames, Seen: "ack " + number(f, side.Peer(), first.Segment.Ack),
				Expected: "within " + phrase.Bytes(max(f.Dir[side].MaxWindow, 1<<16)) + " of the highest",
				Message:  message(f, side, first),
			})
		}
	}
}
