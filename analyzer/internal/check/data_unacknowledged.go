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
	Benign: []string{
		"of a server that sent nothing but its SYN-ACK: its accept queue was full", "the answers were not captured",
		"the peer, the path to it or the path back broke", "the capture ended too early",
	},
	Filter: "tcp.analysis.retransmission", Needs: BothSides,
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Thresholds: []Threshold{
		{Name: "times", Count: 3, Meaning: "data was sent again so often in vain"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			u := &f.Dir[side].Unanswered
			if !vanished(f, side, by) {
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
				Message: fmt.Sprintf("The %s %s: the %s retransmitted %s %s within %s and got no answer.",
					side.Peer(), fell(f, side.Peer()), side, what, phrase.Times(u.Resent), phrase.Elapsed(u.Last-u.Time)),
			})
		}
	},
	Pending: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			u := &f.Dir[side].Unanswered
			if !vanished(f, side, by) {
				continue
			}
			found(Finding{
				Side: side.Peer().String(), Frames: []fsm.Frame{u.Frame, u.LastFrame}, Count: 1, Since: u.Time,
				Seen:     fmt.Sprintf("%s in %s, no answer", phrase.Counted(u.Resent, "retransmission", "retransmissions"), phrase.Elapsed(u.Last-u.Time)),
				Expected: "an ACK",
				Message: fmt.Sprintf("Nothing has come from the %s for %s: the %s has retransmitted %s so far, since frame %d.",
					side.Peer(), phrase.Elapsed(f.Until-u.Time), side, phrase.Times(u.Resent), u.Frame.Number()),
			})
		}
	},
}

// fell says how a side fell silent.
func fell(f *flow.Flow, side fsm.Side) string {
	if side == fsm.Server && f.OnlySYNACKs() {
		return "sent nothing but its SYN-ACK"
	}
	return "vanished"
}

// vanished reports whether side's data was sent again and again to a peer that has said
// nothing since.
func vanished(f *flow.Flow, side fsm.Side, by Limits) bool {
	d := &f.Dir[side]
	u := &d.Unanswered
	return int(u.Resent) >= by.Count("times") && f.Conn.End[side.Peer()].Seen && f.RST[side.Peer()].Nth == 0 && d.LastData >= u.Time && d.WindowProbes == 0 && d.BlackHole() == nil
}
