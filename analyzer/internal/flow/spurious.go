package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// resent remembers recent retransmissions, to learn later whether they were
// needed.
type resent struct {
	last [16]resending
	pos  uint8

	after Again
}

type resending struct {
	seq, end fsm.Seq
	frame    fsm.Frame
	time     fsm.Time
	tsVal    uint32
	kept     int // index of the segment in Flow.Timeline, or −1
	hasTS    bool
	settled  bool
}

// repeatedBefore returns the retransmission that a segment was sent before,
// although it comes after it, or nil.
func (w *sender) repeatedBefore(s *fsm.Segment) *resending {
	if w.resent == nil || s.Opts&fsm.OptTimestamps == 0 {
		return nil
	}
	for i := range w.resent.last {
		r := &w.resent.last[i]
		if r.frame != 0 && r.hasTS && !r.seq.After(s.Seq) && !r.end.Before(s.End()) && int32(s.TSVal-r.tsVal) < 0 {
			return r
		}
	}
	return nil
}

func (w *sender) ensureResent() *resent {
	if w.resent == nil {
		w.resent = &resent{}
	}
	return w.resent
}

func (w *sender) remember(p *decode.Packet, kept int, keeps bool) {
	w.ensureResent()
	if !keeps {
		kept = -1
	}
	s := &p.Segment
	w.resent.last[w.resent.pos] = resending{
		seq: s.Seq, end: s.End(), frame: p.Frame, time: p.Time, tsVal: s.TSVal,
		hasTS: s.Opts&fsm.OptTimestamps != 0, kept: kept,
	}
	w.resent.pos = (w.resent.pos + 1) % uint8(len(w.resent.last))
}

// spurious returns a recent retransmission that an ACK proves spurious, or nil: it
// reports the bytes as received twice (RFC 2883), or it echoes a timestamp older
// than the retransmission's, so it answers the original (RFC 3522).
func (w *sender) spurious(s *fsm.Segment, progress, synCrossed bool) *resending {
	// Where the SYNs crossed, the SYN-ACK brings the SYN's number once more, and the DSACK
	// is about that.
	dsack := isDSACK(s) && !(synCrossed && s.SACK[0].To-s.SACK[0].From == 1)
	for i := range w.resent.last {
		r := &w.resent.last[i]
		if r.frame == 0 || r.settled {
			continue
		}
		if dsack && !r.seq.Before(s.SACK[0].From) && !r.end.After(s.SACK[0].To) {
			r.settled = true
			return r
		}
		if progress && s.Ack.AtOrAfter(r.end) {
			if r.hasTS && s.Echoes() && int32(s.TSEcr-r.tsVal) < 0 {
				r.settled = true
				w.phase = open // the sender knows it too, and takes its recovery back
				return r
			}
		}
	}
	return nil
}
