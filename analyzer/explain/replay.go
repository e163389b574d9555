// Package explain tells what a connection's segments prove, step by step, and
// which tests a single segment was put to. It reads the connection's record with
// its segments kept, runs them through the protocol machine once more, and knows
// neither packets nor terminals.
package explain

import (
	"slices"
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// replay runs a connection's segments through the machine again, so that the
// numbers which each was judged by can be shown.
type replay struct {
	conn fsm.Conn
	base [2]fsm.Seq // the number that counts as 0 of each side's stream
	has  [2]bool

	ts   [2]uint32 // latest TSval
	tsOK [2]bool
	syn  fsm.Time
}

func newReplay() *replay {
	r := &replay{}
	r.conn.Reset(fsm.DefaultMSL)
	return r
}

// step runs one segment and returns what it meant.
func (r *replay) step(s *record.Segment) fsm.Meaning {
	r.learn(s)
	if s.Seg.Opts.Has(fsm.OptTimestamps) && (!r.tsOK[s.From] || int32(s.Seg.TSVal-r.ts[s.From]) > 0) {
		r.ts[s.From], r.tsOK[s.From] = s.Seg.TSVal, true
	}
	switch {
	case slices.Contains(s.Labels, record.LabelDuplicateFrame):
		return 0 // the machine never saw it
	case slices.Contains(s.Labels, record.LabelNetworkDuplicate):
		return r.conn.StepCopy(s.From, &s.Seg, s.Frame, s.Time)
	}
	m := r.conn.Step(s.From, &s.Seg, s.Frame, s.Time, slices.Contains(s.Labels, record.LabelBadChecksum) || slices.Contains(s.Labels, record.LabelLostBetweenTaps))
	switch {
	case s.From == fsm.Client && s.Seg.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && r.syn == 0:
		r.syn = s.Time
	case s.From == fsm.Client && s.Seg.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.ACK && r.syn > 0:
		r.conn.InFlight = max(2*(s.Time-r.syn), 10_000_000) // as the tracker sets it
		r.syn = -1
	}
	return m
}

// learn notes which number counts as 0 of each stream.
func (r *replay) learn(s *record.Segment) {
	if !s.Rel {
		return
	}
	if x := s.From; !r.has[x] {
		r.base[x], r.has[x] = s.Seg.Seq-fsm.Seq(s.RelSeq), true
	}
	if y := s.From.Peer(); !r.has[y] && s.Seg.Flags.Has(fsm.ACK) {
		r.base[y], r.has[y] = s.Seg.Ack-fsm.Seq(s.RelAck), true
	}
}

// number writes a sequence number of side's stream, relative to its beginning
// where that is known.
func (r *replay) number(side fsm.Side, n fsm.Seq) string {
	if !r.has[side] {
		return strconv.FormatUint(uint64(n), 10)
	}
	if d := n.Minus(r.base[side]); d < 0 {
		return "−" + strconv.FormatInt(-int64(d), 10)
	}
	return strconv.FormatUint(uint64(uint32(n-r.base[side])), 10)
}
