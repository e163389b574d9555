package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var spuriousRetransmission = &Check{
	Name: record.CheckSpuriousRetransmission, Title: "spurious retransmission (already ACKed)", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 5682 §1; observer: the ACK had been captured",
	Condition: "Data is retransmitted after an ACK of all of it was captured. Captured near the receiver that says little: the ACK may have been lost beyond the tap.",
	Benign:    []string{"the ACK was lost between the tap and the sender, or still in flight", "a retransmission timeout shorter than the RTT"},
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
			proved := ""
			if p := f.Dir[side].SpuriousProved; p > 0 {
				proved = fmt.Sprintf("; its peer proved %s spurious (DSACK)", phrase.Count(p))
			}
			doubt := ""
			if f.Dir[side].BlocksCut() {
				doubt = "DSACKs, which would tell, may have been cut off by the snaplen"
			}
			found(Finding{
				Doubt: doubt, Capture: doubt != "",
				Side: side.String(), Frames: frames, Count: n, Seen: phrase.Counted(n, "segment", "segments") + " already ACKed", Expected: "new data",
				Message: fmt.Sprintf("The %s retransmitted %s that had already been ACKed, %s%s.",
					side, phrase.Counted(n, "segment", "segments"), firstIn(n, frames[0]), proved),
			})
		}
	},
}
