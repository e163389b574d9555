package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var overlapConflict = &Check{
	Name: record.CheckOverlapConflict, Title: "overlapping segments with different data", Family: "sequence",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.4",
	Condition: "A segment repeats the sequence numbers of a recent one exactly, and the sums over their data differ, so the bytes do. Both checksums are good.",
	Benign:    []string{"a proxy that encrypts again", "a keepalive probe with a garbage byte"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "rexmit_inconsistency"}, {Tool: "Suricata", Name: "stream.reassembly_overlap_different_data"}},
	Filter:    "tcp.analysis.retransmission",
	Facts:     flow.Facts(flow.ContentDiffers),
	Judge: eachSideShowing(flow.ContentDiffers, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Frames: []fsm.Frame{k.Captured, k.Frame}, Count: f.CountFact(side, flow.ContentDiffers),
			Seen: "different data", Expected: fmt.Sprintf("the data of frame %d", k.Captured.Number()),
			Message: fmt.Sprintf("Frame %d repeats the sequence numbers of frame %d (seq %s, %s) with different data.",
				k.Frame.Number(), k.Captured.Number(), number(f, side, k.Segment.Seq), phrase.Bytes(k.Segment.Len)),
		}
	}),
}
