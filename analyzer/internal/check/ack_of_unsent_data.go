package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var ackOfUnsentData = &Check{
	Name: record.CheckACKOfUnsentData, Title: "acknowledges data that was never sent", Family: "sequence",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.4",
	Condition: "An ACK covers sequence numbers that were not captured, and a round trip later, or with its FIN, the sender's data starts below them: that data had not been sent, so the capture is not missing it.",
	Benign:    []string{"a retransmission whose original, and nothing else, is missing from the capture", "the two directions were captured far out of order"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.est_invalid_ack"}, {Tool: "nf_conntrack", Name: "ACKed data not seen yet"}},
	Filter:    "tcp.analysis.ack_lost_segment", Needs: Whole | InStep,
	Meaning: fsm.AckOfUnsent,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			proof, next := notable(f, side, fsm.AckOfUnsent)
			acks, k := notable(f, side.Peer(), fsm.AckAhead)
			if next == nil || k == nil || k.Segment.Flags.Has(fsm.FIN) { // of a FIN fin-bad-ack tells
				continue
			}
			found(Finding{
				Side: side.Peer().String(), Frames: append(acks, proof...), Count: len(proof),
				Seen: "ack " + number(f, side, k.Segment.Ack), Expected: "at most " + number(f, side, k.SndNxt),
				Message: fmt.Sprintf("The %s acknowledged %s in frame %d that the %s had not sent: its data in frame %d, behind that, starts below them.",
					side.Peer(), phrase.Bytes(k.Segment.Ack.Minus(k.SndNxt)), k.Frame.Number(), side, next.Frame.Number()),
			})
		}
	},
}
