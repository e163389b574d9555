package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var stall = &Check{
	Name: record.CheckStall, Title: "stalled by loss", Family: "time",
	Severity: record.SeverityNote, Rule: "RFC 6298 §5",
	Condition: "Data of a side that was sent again is not acknowledged for more than 1 s, and nothing else of that side's is meanwhile: the time counts from when the oldest of it was sent, or anything before it was acknowledged, to its acknowledgment. A closed window does not count, nor does a path that takes no large packets, nor a peer that vanished; and of what the capture's end leaves open, only the time up to the side's latest segment where that was more than two minutes before, longer than any retransmission timer.",
	Benign:    []string{"a link that changed, such as a handover", "a peer that was suspended or overloaded", "acknowledgments that were lost, not data"},
	Filter:    "tcp.analysis.retransmission", Needs: BothSides | Whole | InStep,
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Thresholds: []Threshold{
		{Name: "after", Time: fsm.Second, Meaning: "data stands still for longer than this because of loss", Wait: true},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			l := lossStalls(f, side)
			if l == nil {
				continue
			}
			n, cost := l.Above(by.Time("after"))
			w, open := l.Longest, openStall(f, side, by)
			if open.Times > 0 {
				n, cost = n+1, cost+open.Time
				if open.Time > w.Time {
					w = open
				}
			}
			if n == 0 {
				continue
			}
			found(stalled(side, by, n, cost, w))
		}
	},
	Pending: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			w := openStall(f, side, by)
			if w.Times == 0 || w.To != 0 || lossStalls(f, side) == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: stallFrames(&w), Count: 1, Since: w.Since, From: w.Since,
				Seen: "no ACK of new data for " + phrase.Elapsed(w.Time), Expected: "an ACK within " + phrase.Elapsed(by.Time("after")),
				Message: fmt.Sprintf("The %s's data has stood still for %s: nothing new was acknowledged, although it was retransmitted %s, first in frame %d.", side, phrase.Elapsed(w.Time), phrase.Times(w.Times), w.First.Number()),
			})
		}
	},
}

func stalled(side fsm.Side, by Limits, n int, cost fsm.Time, w flow.Resends) Finding {
	x := Finding{
		Side: side.String(), Frames: stallFrames(&w), Count: n, Cost: cost, From: w.Since,
		Seen: phrase.Elapsed(w.Time) + " without progress", Expected: "an ACK within " + phrase.Elapsed(by.Time("after")),
	}
	x.Message = fmt.Sprintf("The %s's data stood still for %s because of loss: nothing new was acknowledged until the end of what was captured", side, phrase.Elapsed(w.Time))
	if w.To != 0 {
		x.To = w.Since + w.Time
		x.Message = fmt.Sprintf("The %s's data stood still for %s because of loss, until frame %d", side, phrase.Elapsed(w.Time), w.To.Number())
	}
	x.Message += fmt.Sprintf("; it was retransmitted %s, first in frame %d", phrase.Times(w.Times), w.First.Number())
	if n > 1 {
		x.Message += fmt.Sprintf("; the longest of %s such times, %s together", phrase.Count(n), phrase.Elapsed(cost))
	}
	x.Message += "."
	return x
}

func stallFrames(w *flow.Resends) []fsm.Frame {
	var frames []fsm.Frame
	for _, frame := range [...]fsm.Frame{w.From, w.First, w.To} {
		if frame != 0 && (len(frames) == 0 || frames[len(frames)-1] != frame) {
			frames = append(frames, frame)
		}
	}
	return frames
}

// lossStalls returns how long a side's data stood still, nil where it did not, or
// path-mtu-black-hole tells why.
func lossStalls(f *flow.Flow, side fsm.Side) *flow.LossStalls {
	if f.Dir[side].BlackHole() != nil {
		return nil
	}
	return f.Dir[side].LossStalls()
}

// openStall returns the stall that had not ended; Times is 0 where there is none, or
// data-unacknowledged tells of it.
func openStall(f *flow.Flow, side fsm.Side, by Limits) flow.Resends {
	w := f.OpenLossStall(side)
	if w.Time <= by.Time("after") || vanished(f, side, dataUnacknowledged.limits()) {
		return flow.Resends{}
	}
	return w
}

// timeoutCost returns how long a side waited for its retransmission timer, without what
// stall and its kin tell of.
func timeoutCost(f *flow.Flow, side fsm.Side) fsm.Time {
	cost, by := f.Dir[side].TimeoutWait, stall.limits()
	_, told := f.Dir[side].LossStalls().Above(by.Time("after"))
	if w := f.OpenLossStall(side); w.Time > by.Time("after") {
		told += w.Time
	}
	return max(0, cost-told)
}
