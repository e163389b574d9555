package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var dataInjectionSuspected = &Check{
	Name: record.CheckDataInjectionSuspected, Title: "overlapping data differs, TTL too: injection suspected", Family: "sequence",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.4; observer: one host's packets cross the same number of hops",
	Condition: "Two segments carry different bytes for the same sequence numbers, and their TTLs differ by 2 or more: one of them came from another host.",
	Benign:    []string{"the route changed between the two", "a proxy that retransmits for a host with changed data"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "rexmit_inconsistency"}, {Tool: "Suricata", Name: "stream.reassembly_overlap_different_data"}, {Tool: "Snort", Name: "129:9, 129:10"}},
	Filter:    "tcp.analysis.retransmission",
	Facts:     flow.Facts(flow.ContentDiffers),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, 0, flow.Facts(flow.ContentDiffers), func(k *flow.NotableSegment) bool { return flow.OtherWay(k.TTL, k.CapturedTTL) })
			if first == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{first.Captured, first.Frame}, Count: len(frames),
				Seen: fmt.Sprintf("TTL %d, then %d", first.CapturedTTL, first.TTL), Expected: "one sender",
				Message: fmt.Sprintf("Frames %d and %d carry different bytes for the same sequence numbers, with TTL %d and %d: one of them is probably not the %s's.",
					first.Captured.Number(), first.Frame.Number(), first.CapturedTTL, first.TTL, side),
			})
		}
	},
}
