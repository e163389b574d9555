package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var pawsReject = &Check{
	Name: record.CheckPAWSReject, Title: "old timestamp, rejected by PAWS", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 7323 §5.3",
	Condition: "A segment whose data or FIN is new to the receiver has a TSval more than one tick below TS.Recent, so it must be dropped. RSTs are left out, and so are out-of-order and duplicated segments, and the first after 24 days of silence, when TS.Recent is no longer valid (§5.5).",
	Benign:    []string{"two hosts behind one NAT", "segments delivered out of order"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.pkt_invalid_timestamp"}, {Tool: "Snort", Name: "129:4"}},
	Filter:    "tcp.options.timestamp.tsval", Needs: InStep,
	Facts: flow.Facts(flow.OldTimestamp),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, 0, flow.Facts(flow.OldTimestamp), func(k *flow.NotableSegment) bool {
				// What was overtaken on its way is told as that. With a bare ACK nothing is
				// lost that the newer one did not bring, and Linux lets one tick pass.
				return !k.Facts.Any(flow.Facts(flow.NetworkCopy, flow.OutOfOrder)) && k.Segment.Space() > 0 && k.TSRecent-k.Segment.TSVal > 1
			})
			if first == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames, Seen: fmt.Sprintf("TSval %d", first.Segment.TSVal), Expected: fmt.Sprintf("at least %d", first.TSRecent),
				Message: fmt.Sprintf("The TSval of frame %d is %s below TS.Recent, so the %s must drop the segment.",
					first.Frame.Number(), phrase.Counted(first.TSRecent-first.Segment.TSVal, "tick", "ticks"), side.Peer()),
			})
		}
	},
}
