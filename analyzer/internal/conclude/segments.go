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
	doubted := [2]uint32{f.Conn.Doubted(fsm.Client), f.Conn.Doubted(fsm.Server)}
	next := 0
	for i := range f.Timeline {
		k := &f.Timeline[i]
		s := record.Segment{
			Frame: k.Frame, Time: k.Time, From: k.From, Seg: k.Segment, Rel: true,
			RelSeq: k.RelSeq, RelAck: k.RelAck, Window: k.Scaled, Before: now,
		}
		for next < len(ts) && k.Nth != 0 && caused(&ts[next], k) {
			t := &ts[next]
			now[t.Side] = record.EndState{State: t.To, Proved: t.Certain()}
			next++
		}
		for side, nth := range doubted {
			if nth != 0 && k.Nth >= nth {
				now[side].Proved = false
			}
		}
		s.After = now
		s.Labels = k.Marks().Labels()
		if k.Resent() {
			s.Original = k.Original
		}
		if j := f.Conn.Judgements.Of(k.Frame); j != nil {
			s.Judgement = &record.Judgement{Machine: *j, Remarks: remarks(k.Facts)}
		}
		out = append(out, s)
	}
	return out
}

// caused reports whether a transition came about with the segment or before it. A timer's
// and an ICMP error's have no segment: the time tells.
func caused(t *fsm.Transition, k *flow.TimelineEntry) bool {
	if t.Cause == fsm.Timer || t.Event == fsm.RecvICMPError {
		return t.Time <= k.Time
	}
	return t.Nth <= k.Nth
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

// remarks names the facts that no label tells.
func remarks(g flow.SegmentFacts) []record.Remark {
	var out []record.Remark
	for _, r := range factRemarks {
		if g.Has(r.fact) {
			out = append(out, r.remark)
		}
	}
	return out
}

var factRemarks = []struct {
	fact   flow.Fact
	remark record.Remark
}{
	{flow.NoFlags, record.NoControlBits},
	{flow.SYNAndFIN, record.SYNAndFIN},
	{flow.SYNAndRST, record.SYNAndRST},
	{flow.FINWithoutACK, record.FINWithoutACK},
	{flow.XmasFlags, record.FINWithoutACK},
	{flow.NoACKNoSYN, record.NoneOfSYNACKRST},
	{flow.ReservedBits, record.ReservedBits},
	{flow.UrgentWithoutFlag, record.UrgentWithoutFlag},
	{flow.SYNUrgent, record.UrgentOnSYN},
	{flow.OptionsMalformed, record.OptionMalformed},
	{flow.OptionsDuplicate, record.OptionDuplicate},
	{flow.OptionsAfterEnd, record.OptionAfterEnd},
	{flow.OptionOnNonSYN, record.OptionOnNonSYN},
	{flow.OptionsOdd, record.OptionOdd},
	{flow.ScaleInvalid, record.ScaleInvalid},
	{flow.OldTimestamp, record.OldTimestamp},
	{flow.TimestampMissing, record.TimestampMissing},
	{flow.TimestampUnagreed, record.TimestampUnagreed},
	{flow.EchoInvalid, record.EchoInvalid},
	{flow.BeyondWindow, record.BeyondWindow},
	{flow.WindowShrunk, record.WindowShrunk},
}
