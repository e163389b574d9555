package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var spuriousRetransmission = &Check{
	Name: record.CheckSpuriousRetransmission, Title: "sent again though acknowledged", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 5682 §1; observer: the ACK had passed the tap",
	Condition: "Data is sent again after an ACK of all of it had been captured. Near the receiver that says little: the ACK may have been lost behind the tap.",
	Benign:    []string{"the ACK was lost between the tap and the sender, or was still on its way", "a timeout shorter than the round trip"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.spurious_retransmission"}, {Tool: "Suricata", Name: "stream.pkt_spurious_retransmission"}},
	Filter:    "tcp.analysis.spurious_retransmission",
	Facts:     flow.Facts(flow.SpuriousLikely),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			var frames []fsm.Frame
			n := f.CountFact(side, flow.SpuriousLikely)
			f.EachNotable(side, 0, flow.Facts(flow.SpuriousLikely), func(k *flow.NotableSegment) {
				if k.Segment.Len == 0 || k.Facts.Has(flow.BelowStart) {
					n--
					return
				}
				frames = append(frames, k.Frame)
			})
			if n <= 0 || len(frames) == 0 || f.CountFact(side.Peer(), flow.DSACK) >= n { // the DSACKs tell
				continue
			}
			it, proved := "it", ""
			if n > 1 {
				it = "them"
			}
			if p := f.Dir[side].SpuriousProved; p > 0 {
				proved = fmt.Sprintf("; its peer proved %d needless", p)
			}
			found(Finding{
				Side: side.String(), Frames: frames, Count: n, Seen: phrase.Counted(n, "segment", "segments") + " acknowledged before", Expected: "new data",
				Message: fmt.Sprintf("The %s sent %s again, %s, after the ACK of %s had passed the tap%s.",
					side, phrase.Counted(n, "segment of data", "segments of data"), firstIn(n, frames[0]), it, proved),
			})
		}
	},
}
