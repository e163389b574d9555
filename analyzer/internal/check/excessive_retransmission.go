package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var excessiveRetransmission = &Check{
	Name: record.CheckExcessiveRetransmission, Title: "high retransmission rate", Family: "retransmission",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.1",
	Condition: "At least 10 of a side's segments with data, and at least 5 % of them, are retransmissions.",
	Benign:    []string{"a path with much loss or reordering", "an RTT that grew beyond the retransmission timeout"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "sid 2210054 (10 of a flow)"}},
	Filter:    "tcp.analysis.retransmission", Needs: Whole,
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Thresholds: []Threshold{
		{Name: "count", Count: 10, Meaning: "a side sends so many retransmissions"},
		{Name: "percent", Count: 5, Meaning: "so many of a hundred segments with data are retransmissions"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			resent := d.Retransmissions - min(d.Retransmissions, d.Kinds[flow.KindSYN]+d.Kinds[flow.KindSYNACK]+d.Kinds[flow.KindPathMTU]+uint64(f.CountMeaning(side, fsm.FINAgain)))
			if resent < uint64(by.Count("count")) || 100*resent < uint64(by.Count("percent"))*d.DataSegments {
				continue
			}
			frames, _ := notable(f, side, 0, flow.Retransmission, flow.LateFill)
			share := float64(resent) / float64(d.DataSegments)
			found(Finding{
				Side: side.String(), Frames: frames, Count: int(resent),
				Seen: fmt.Sprintf("%s of %s with data, %s", phrase.Count(resent), phrase.Counted(d.DataSegments, "segment", "segments"), phrase.Percent(share)), Expected: "below " + phrase.Percent(float64(by.Count("percent"))/100),
				Message: fmt.Sprintf("The %s retransmitted %s of its segments with data: %s of %s.", side, phrase.Percent(share), phrase.Count(resent), phrase.Count(d.DataSegments)),
			})
		}
	},
}
