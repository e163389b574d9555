package check

import (
	"fmt"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var retransmission = &Check{
	Name: record.CheckRetransmission, Title: "retransmission", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.1",
	Condition: "A segment repeats sequence numbers sent before, or fills a hole whose original was lost before the tap, and the capture does not show which timer or which ACKs triggered it.",
	Benign:    []string{"loss on the path", "ACKs that were lost or not captured"},
	Peers: []record.PeerName{
		{Tool: "Wireshark", Name: "tcp.analysis.retransmission"}, {Tool: "Zeek", Name: "history T"}, {Tool: "Suricata", Name: "stream.pkt_retransmission"}, {Tool: "tcptrace", Name: "rexmt data pkts"},
	},
	Filter:          "tcp.analysis.retransmission",
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Judge:           judgeResent("for no cause that the capture shows", flow.KindUnknown, flow.KindPathMTU),
}

// learnedMTU says how a side had learned of a smaller path MTU before it sent again in
// smaller segments, as far as was captured.
func learnedMTU(f *flow.Flow, side fsm.Side, sentAgain fsm.Time) string {
	if e := tooBig(f, side, sentAgain); e != nil {
		return fmt.Sprintf("after the ICMP error in frame %d told an MTU of %d", e.At.Frame.Number(), e.MTU)
	}
	return "as after a smaller path MTU was learned"
}

// apartFromSmaller says of how many of n retransmissions the reason is how, and of how many
// it is a smaller path MTU. If all have the same, that is why.
func apartFromSmaller(f *flow.Flow, side fsm.Side, how string, n int, smallerAt fsm.Time) (why, others string) {
	m := min(n, int(f.Dir[side].Kinds[flow.KindPathMTU]))
	smaller := "in smaller segments than before, " + learnedMTU(f, side, smallerAt)
	switch m {
	case 0:
		return how, ""
	case n:
		return smaller, ""
	}
	return phrase.Count(n-m) + " of them " + how, "; " + phrase.Count(m) + " of them " + smaller
}

// judgeResent makes a Judge of the data segments that were sent again for one
// kind of reason, or several. A SYN or a FIN by itself has its own check.
func judgeResent(how string, kinds ...flow.Kind) func(*flow.Flow, func(Finding)) {
	return func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			n := 0
			for _, kind := range kinds {
				n += int(d.Kinds[kind])
			}
			if n == 0 {
				continue
			}
			var frames []fsm.Frame
			again := 0
			var smallerAt fsm.Time // when the first was sent again in smaller segments
			f.EachNotable(side, 0, flow.Facts(flow.Retransmission, flow.LateFill), func(k *flow.NotableSegment) {
				if !slices.Contains(kinds, k.Kind) {
					return
				}
				if k.Segment.Len == 0 || k.Facts.Has(flow.BelowStart) || bringsProbe(f, side, k) {
					n--
					return
				}
				frames = append(frames, k.Frame)
				if k.Kind == flow.KindPathMTU && smallerAt == 0 {
					smallerAt = k.Time
				}
				if k.Facts.Has(flow.SpuriousLikely) {
					again++
				}
			})
			if n <= 0 || len(frames) == 0 {
				continue
			}
			lost := ""
			if d.Late > 0 {
				lost = fmt.Sprintf("; of all its retransmissions, %s had an original lost before the tap", phrase.Count(d.Late))
			}
			why, smaller := how, ""
			if slices.Contains(kinds, flow.KindPathMTU) {
				why, smaller = apartFromSmaller(f, side, how, n, smallerAt)
			}
			var cost fsm.Time
			if slices.Contains(kinds, flow.KindTimeout) {
				cost = timeoutCost(f, side)
			}
			found(Finding{
				Cost:  cost,
				Doubt: kindDoubt(d, kinds[0], again),
				Side:  side.String(), Frames: frames, Count: n,
				Seen:     fmt.Sprintf("%s of %s with data", phrase.Count(n), phrase.Counted(d.DataSegments, "segment", "segments")),
				Expected: "no retransmissions",
				Message:  fmt.Sprintf("The %s retransmitted %s %s, %s%s%s.", side, phrase.Counted(n, "segment", "segments"), why, firstIn(n, frames[0]), lost, smaller),
			})
		}
	}
}

// kindDoubt says why the kind of a side's retransmissions may be another, of which again
// had been acknowledged when they passed.
func kindDoubt(d *flow.Direction, kind flow.Kind, again int) string {
	switch {
	case kind == flow.KindFast && d.BlocksCut():
		return "SACK blocks may have been cut off by the snaplen, so what asked for the retransmissions is inferred"
	case kind == flow.KindProbe && again > 0:
		return phrase.Count(again) + " of them had been ACKed when they passed: they are probes only if those ACKs were lost behind the tap"
	}
	return ""
}

// bringsProbe reports whether all that the segment repeats is the byte with
// which a closed window was probed.
func bringsProbe(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) bool {
	return f.Dir[side].WindowProbes > 0 && k.Facts.Has(flow.PartlyResent) && k.Next == k.Segment.Seq+1
}
