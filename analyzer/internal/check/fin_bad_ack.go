package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var finBadAck = &Check{
	Name: record.CheckFINBadACK, Title: "FIN with an invalid ack", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4",
	Condition: "A FIN acknowledges bytes that the peer, as its next segment shows, had not sent, or its ack is below what the peer may still accept: the peer must drop it.",
	Benign:    []string{"the capture dropped segments", "a forged FIN"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.fin_invalid_ack, stream.fin1_ack_wrong_seq, stream.lastack_*, stream.closing_*"}, {Tool: "Snort", Name: "129:17"}},
	Filter:    "tcp.flags.fin == 1 && tcp.analysis.ack_lost_segment", Needs: Whole | InStep,
	Meaning: fsm.AckOfUnsent, Facts: flow.Facts(flow.AckTooOld),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			f.EachNotable(side, fsm.AckAhead, flow.Facts(flow.AckTooOld), func(k *flow.NotableSegment) {
				if !k.Segment.Flags.Has(fsm.FIN) || k.Meaning.Any(fsm.AckAhead) && f.CountMeaning(side.Peer(), fsm.AckOfUnsent) == 0 {
					return
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{k.Frame}, Count: 1,
					Seen: "ack " + number(f, side.Peer(), k.Segment.Ack), Expected: "ack " + number(f, side.Peer(), k.SndNxt),
					Message: fmt.Sprintf("The FIN in frame %d acknowledges %s where the %s had sent up to %s.",
						k.Frame.Number(), number(f, side.Peer(), k.Segment.Ack), side.Peer(), number(f, side.Peer(), k.SndNxt)),
				})
			})
		}
	},
}
