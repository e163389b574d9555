package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var overlapConflict = &Check{
	Name: record.CheckOverlapConflict, Title: "same numbers, other octets", Family: "sequence",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.4",
	Condition: "A segment repeats the sequence numbers of a recent one exactly, and the sums over the two segments' data differ, so the octets do. Both checksums are right.",
	Benign:    []string{"a proxy that encrypts anew", "a stack that reuses a keepalive's octet"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "rexmit_inconsistency"}, {Tool: "Suricata", Name: "stream.reassembly_overlap_different_data"}},
	Filter:    "tcp.analysis.retransmission",
	Facts:     flow.Facts(flow.ContentDiffers),
	Judge: eachSideShowing(flow.ContentDiffers, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Frames: []fsm.Frame{k.Captured, k.Frame}, Count: f.CountFact(side, flow.ContentDiffers),
			Seen: "other octets", Expected: fmt.Sprintf("the octets of frame %d", k.Captured.Number()),
			Message: fmt.Sprintf("Frame %d repeats the numbers of frame %d (seq %s, %s) with other contents.",
				k.Frame.Number(), k.Captured.Number(), number(f, side, k.Segment.Seq), phrase.Bytes(k.Segment.Len)),
		}
	}),
}
