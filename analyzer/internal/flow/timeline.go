package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// TimelineEntry is one captured segment, kept for a timeline.
type TimelineEntry struct {
	Frame   fsm.Frame
	Time    fsm.Time
	Nth     uint32 // 0 for a doubled frame, which the machine never saw
	From    fsm.Side
	Segment fsm.Segment
	Scaled  uint32 // window
	RelSeq  uint64
	RelAck  uint64
	Meaning fsm.Meaning
	Facts   SegmentFacts

	Kind     Kind      // of a retransmission
	Original fsm.Frame // that it repeats; 0 if it was not captured
}

// KeepTimeline has the segments that are added from now on kept in f.Timeline, and
// how the machine judges those of the frames that judge chooses, if it is not nil, in
// f.Conn.Judgements.
func (f *Flow) KeepTimeline(judge func(fsm.Frame) bool) {
	f.keep = true
	if judge != nil {
		f.Conn.Judgements = &fsm.Judgements{Wanted: judge}
	}
}

// CutTimeline ends that: from now on segments are only counted, in f.TimelineCut.
func (f *Flow) CutTimeline() {
	f.keep, f.cut = false, true
	if f.Conn.Judgements != nil {
		f.Conn.Judgements.Stop()
	}
}

// KeepsTimeline reports whether segments are kept.
func (f *Flow) KeepsTimeline() bool { return f.keep }

// addToTimeline keeps a segment, if they are kept.
func (f *Flow) addToTimeline(o *observation) {
	if f.cut && !f.keep {
		f.TimelineCut++
	}
	if !f.keep && f.series == nil {
		return
	}
	s := o.s
	k := TimelineEntry{
		Frame: o.p.Frame, Time: o.p.Time, Nth: o.at.Nth, From: o.from, Meaning: o.meaning, Facts: o.facts,
		Scaled: uint32(s.Window), Kind: o.kind, Original: o.original,
	}
	if s.Flags&fsm.SYN == 0 {
		k.Scaled <<= o.x.Scale
	}
	k.RelSeq = f.relative(o.from, o.x, s.Seq)
	if s.Flags&fsm.ACK != 0 {
		k.RelAck = f.relative(o.from.Peer(), o.y, s.Ack)
	}
	if f.series != nil {
		f.addToSeries(&k, s, o.sampled)
	}
	if f.keep {
		k.Segment = *s
		f.Timeline = append(f.Timeline, k)
	}
}

// relative returns how far seq lies above the ISN of a side's
// stream, counting on past 4 GiB: the number nearest to the stream's top.
func (f *Flow) relative(side fsm.Side, e *fsm.Endpoint, seq fsm.Seq) uint64 {
	base := f.base[side]
	if !f.hasBase[side] {
		if e.SentSYN {
			base = e.ISS
		} else {
			base = seq // mid-stream: the first number seen becomes 1
			base--
		}
		f.base[side], f.hasBase[side], f.high[side] = base, true, 0
	} else if e.SentSYN && base != e.ISS {
		// An acknowledgment or a stray from before told another number.
		base = e.ISS
		f.base[side], f.high[side] = base, 0
	}
	low := uint64(seq - base)
	v := f.high[side]&^0xffffffff | low
	// Take the number nearest to the highest seen.
	const wrap = uint64(1) << 32
	switch {
	case v+wrap/2 < f.high[side]:
		v += wrap
	case v > f.high[side]+wrap/2 && v >= wrap:
		v -= wrap
	case v > f.high[side]+wrap/2:
		return 0 // below the first number
	}
	if v > f.high[side] {
		f.high[side] = v
	}
	return v
}
