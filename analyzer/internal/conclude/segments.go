package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// buildSegments writes the kept segments with the states that hindsight gives
// both endpoints before and after each.
func buildSegments(out []record.Segment, f *flow.Flow, ts []fsm.Transition) []record.Segment {
	if len(f.Timeline) == 0 {
		return out
	}
	var now [2]record.EndState
	for side := range now {
		now[side] = record.EndState{State: initialState(ts, fsm.Side(side)), Proved: true}
	}
	next := 0
	for i := range f.Timeline {
		k := &f.Timeline[i]
		s := record.Segment{
			Frame: k.Frame, Time: k.Time, From: k.From, Seg: k.Segment, Rel: true,
			RelSeq: k.RelSeq, RelAck: k.RelAck, Window: k.Scaled, Before: now,
		}
		for next < len(ts) && k.Nth != 0 && (ts[next].Nth <= k.Nth && ts[next].Cause != fsm.Timer || ts[next].Time <= k.Time && ts[next].Cause == fsm.Timer) {
			t := &ts[next]
			now[t.Side] = record.EndState{State: t.To, Proved: proved(t)}
			next++
		}
		s.After = now
		s.Labels = labels(k.Meaning, k.Facts)
		if k.Facts.Any(flow.Facts(flow.Retransmission, flow.LateFill)) {
			s.Labels = append(s.Labels, kindLabels[k.Kind])
			s.Original = k.Original
		}
		out = append(out, s)
	}
	return out
}

func initialState(ts []fsm.Transition, side fsm.Side) fsm.State {
	for i := range ts {
		if ts[i].Side == side {
			if ts[i].From == fsm.Listen {
				return fsm.Closed // it listened, as its answer shows, but nobody had seen that yet
			}
			return ts[i].From
		}
	}
	return fsm.Closed
}

func proved(t *fsm.Transition) bool { return t.Cause != fsm.Received || t.Proof != 0 }

// labels names what a segment was found to be, for people and for scripts.
func labels(m fsm.Meaning, g flow.SegmentFacts) []string {
	var out []string
	for _, l := range meaningLabels {
		if m.Any(l.meaning) || g.Any(l.facts) {
			out = append(out, l.name)
		}
	}
	return out
}

var meaningLabels = []struct {
	name    string
	meaning fsm.Meaning
	facts   flow.SegmentFacts
}{
	{name: "duplicate-frame", facts: flow.Facts(flow.Doubled)},
	{name: "network-duplicate", facts: flow.Facts(flow.NetworkCopy)},
	{name: "retransmission", meaning: fsm.SYNAgain | fsm.SYNACKAgain | fsm.FINAgain, facts: flow.Facts(flow.Retransmission, flow.LateFill)},
	{name: "retransmission-partial", facts: flow.Facts(flow.PartlyResent)},
	{name: "retransmission-spurious", facts: flow.Facts(flow.SpuriousLikely, flow.SpuriousProved)},
	{name: "retransmission-spurious-proved", facts: flow.Facts(flow.SpuriousProved)},
	{name: "original-not-captured", facts: flow.Facts(flow.LateFill)},
	{name: "out-of-order", facts: flow.Facts(flow.OutOfOrder)},
	{name: "previous-segment-missing", facts: flow.Facts(flow.HoleBefore)},
	{name: "duplicate-ack", facts: flow.Facts(flow.DuplicateACK)},
	{name: "dsack", facts: flow.Facts(flow.DSACK)},
	{name: "keepalive", facts: flow.Facts(flow.KeepaliveProbe)},
	{name: "keepalive-ack", facts: flow.Facts(flow.KeepaliveAnswer)},
	{name: "zero-window", facts: flow.Facts(flow.ZeroWindow)},
	{name: "zero-window-probe", facts: flow.Facts(flow.WindowProbe)},
	{name: "zero-window-probe-ack", facts: flow.Facts(flow.WindowProbeAnswer)},
	{name: "window-update", facts: flow.Facts(flow.WindowUpdate)},
	{name: "window-full", facts: flow.Facts(flow.WindowFull)},
	{name: "challenge-ack", meaning: fsm.ChallengeACK},
	{name: "rst-in-window", meaning: fsm.RSTInWindow},
	{name: "rst-out-of-window", meaning: fsm.RSTOutside},
	{name: "after-rst", meaning: fsm.AfterOwnRST | fsm.AfterPeerRST},
	{name: "ack-ahead", meaning: fsm.AckAhead},
	{name: "gap", meaning: fsm.GapConfirmed},
	{name: "bad-checksum", facts: flow.Facts(flow.BadChecksum)},
	{name: "lost-between-taps", facts: flow.Facts(flow.LostOnTheWay)},
}

// kindLabels name why a segment was sent again.
var kindLabels = [flow.NumKinds]string{
	flow.KindUnknown: "retransmission-unknown",
	flow.KindSYN:     "retransmission-syn",
	flow.KindSYNACK:  "retransmission-syn-ack",
	flow.KindTimeout: "retransmission-timeout",
	flow.KindFast:    "retransmission-fast",
	flow.KindProbe:   "tail-loss-probe",
}
