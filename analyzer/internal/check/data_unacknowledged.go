package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var dataUnacknowledged = &Check{
	Name: record.CheckDataUnacknowledged, Title: "peer vanished with data unacknowledged", Family: "retransmission",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.3 (MUST-20)",
	Condition: "Data was retransmitted three times or more after the last segment of the peer, and was never acknowledged. The peer sent no RST.",
	Benign:    []string{"the answers were not captured", "the peer, the path to it or the path back broke", "the capture ended too early"},
	Filter:    "tcp.analysis.retransmission", Needs: BothSides,
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			u := &f.Dir[side].Unanswered
			if u.Resent < 3 || !f.Conn.End[side.Peer()].Seen || f.RST[side.Peer()].Nth != 0 || f.Dir[side].LastData < u.Time || f.Dir[side].WindowProbes > 0 || f.Dir[side].BlackHole() != nil {
				continue
			}
			frames, what := []fsm.Frame{u.LastFrame}, "data"
			if u.Repeats != 0 {
				frames, what = []fsm.Frame{u.Repeats, u.LastFrame}, fmt.Sprintf("data, the latest time that of frame %d,", u.Repeats.Number())
			}
			found(Finding{
				Side: side.Peer().String(), Frames: frames, Count: 1, Cost: u.Last - u.Time,
				Seen:     fmt.Sprintf("%s in %s, no answer", phrase.Counted(u.Resent, "retransmission", "retransmissions"), phrase.Elapsed(u.Last-u.Time)),
				Expected: "an ACK",
				Message: fmt.Sprintf("The %s vanished: the %s retransmitted %s %s within %s and got no answer.",
					side.Peer(), side, what, phrase.Times(u.Resent), phrase.Elapsed(u.Last-u.Time)),
			})
		}
	},
}
