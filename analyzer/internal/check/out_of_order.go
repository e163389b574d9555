package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var outOfOrder = &Check{
	Name: record.CheckOutOfOrder, Title: "out-of-order segments", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 4737 §3",
	Condition: "A segment with sequence numbers not seen before arrives after segments with higher ones, and its IP identification, its timestamp or how soon it arrives shows that it was sent before them.",
	Benign:    []string{"several paths or queues (ECMP, link aggregation)", "a retransmission whose original was lost before the tap, where nothing tells the two apart"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.out_of_order"}, {Tool: "tcptrace", Name: "outoforder pkts"}},
	Filter:    "tcp.analysis.out_of_order",
	Facts:     flow.Facts(flow.OutOfOrder),
	Judge: eachSideShowing(flow.OutOfOrder, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		n := f.CountFact(side, flow.OutOfOrder)
		return Finding{
			Seen: fmt.Sprintf("%s of %s with data", phrase.Count(n), phrase.Counted(f.Dir[side].DataSegments, "segment", "segments")), Expected: "the order in which they were sent",
			Message: fmt.Sprintf("%s of the %s arrived out of order at the tap, %s.", phrase.Counted(n, "segment", "segments"), side, firstIn(int(n), k.Frame)),
		}
	}),
}
