package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// PreviousIncarnation is what the next connection of a 4-tuple is judged by: what is
// known of the one before it.
type PreviousIncarnation struct {
	First      fsm.Frame // its first segment
	Last       fsm.Time
	Closed     bool    // both sides closed in the ordinary way
	Over       bool    // nothing was left open, one way or the other
	TimeWait   [2]bool // by its side: it should have held TIME-WAIT
	Since      [2]fsm.Time
	Until      [2]fsm.Time
	Ends       [2]decode.Endpoint
	SndNxt     [2]fsm.Seq
	TSVal      [2]uint32
	HasTS      [2]bool
	ISN        [2]fsm.Seq
	HasISN     [2]bool
	Unanswered bool // its SYN was not answered
}

// AsPrevious returns what the next connection of the 4-tuple must be judged by.
func (f *Flow) AsPrevious() *PreviousIncarnation {
	pre := &PreviousIncarnation{First: f.First.Frame, Last: f.Last.Time, Ends: f.Ends}
	pre.Closed = f.Over() && f.Conn.End[0].SentFIN && f.Conn.End[1].SentFIN
	pre.Over = f.Over()
	pre.Unanswered = f.Conn.End[fsm.Client].State == fsm.SynSent && !f.Conn.End[fsm.Server].Seen
	for i := range f.Conn.End {
		e := &f.Conn.End[i]
		since, until := e.TimeWaitSpan()
		pre.Since[i], pre.Until[i] = since, until
		pre.TimeWait[i] = e.State == fsm.TimeWait
		pre.SndNxt[i] = e.Out.Top
		pre.ISN[i], pre.HasISN[i] = e.ISS, e.SentSYN
		pre.TSVal[i], pre.HasTS[i] = e.LatestTimestamp()
	}
	return pre
}

// SideOf returns which of its sides an end of the connection was that it used the
// addresses of.
func (pre *PreviousIncarnation) SideOf(end decode.Endpoint) fsm.Side {
	if pre.Ends[fsm.Server] == end {
		return fsm.Server
	}
	return fsm.Client
}

// Reuse says how a connection's SYN stands to the TIME-WAIT of the one before.
type Reuse struct {
	Early bool     // it came within 2 MSL
	Legal bool     // its number or its timestamp allows that (RFC 9293 §3.6.1 MAY-2, RFC 6191 §2)
	Why   string   // which of them
	After fsm.Time // since TIME-WAIT began
	Used  fsm.Seq  // the number that its sender had reached before
	Side  fsm.Side // who held TIME-WAIT, by the earlier connection's sides
}

// Reuse judges a SYN by its sender, its time, its number, and its timestamp if it has
// one.
func (pre *PreviousIncarnation) Reuse(sender decode.Endpoint, at fsm.Time, isn fsm.Seq, tsVal uint32, hasTS bool) (r Reuse) {
	for side := range pre.TimeWait {
		if pre.TimeWait[side] && at < pre.Until[side] {
			r.Early, r.Side, r.After = true, fsm.Side(side), at-pre.Since[side]
		}
	}
	if !r.Early {
		return r
	}
	before := pre.SideOf(sender)
	r.Used = pre.SndNxt[before]
	switch {
	case isn.AtOrAfter(r.Used):
		r.Legal, r.Why = true, "the higher ISN"
	case pre.HasTS[before] && hasTS && int32(tsVal-pre.TSVal[before]) > 0:
		r.Legal, r.Why = true, "the newer timestamp"
	}
	return r
}
