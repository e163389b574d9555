package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// FirstFragments is what a connection has of segments of which only the first IP fragment
// was captured. It does not tell the segment's length: the number of what comes next of
// its sender, or is acknowledged next, does.
type FirstFragments struct {
	N      uint64    // such segments
	Frame  fsm.Frame // the first of them
	Octets uint64    // of their data, in the fragments that were not captured, as inferred
	open   [2]openFragment
	cut    fsm.Segment // the latest, as it is given to the machines: without its FIN
}

// openFragment is a side's latest segment, as long as its length is not known.
type openFragment struct {
	segment fsm.Segment
	at      fsm.Stamp
	open    bool
}

// FirstFragments returns what there was of them, nil for nothing.
func (f *Flow) FirstFragments() *FirstFragments { return f.fragments }

// beginFragment notes a segment whose end is not known. The FIN that it may have comes
// behind its last octet.
func (f *Flow) beginFragment(o *observation) {
	if f.fragments == nil {
		f.fragments = &FirstFragments{Frame: o.p.Frame}
	}
	x := f.fragments
	x.N++
	x.cut = *o.s
	x.open[o.from] = openFragment{segment: *o.s, at: fsm.Stamp{Time: o.p.Time, Frame: o.p.Frame}, open: o.p.LeastLen}
	if o.p.LeastLen {
		x.cut.Flags &^= fsm.FIN
		o.s = &x.cut
	}
}

// endFragment ends the open segments of both sides where the next segment tells their
// ends.
func (f *Flow) endFragment(o *observation) {
	const most = 1 << 16 // no datagram is longer
	for side := range f.fragments.open {
		x := &f.fragments.open[side]
		if !x.open {
			continue
		}
		least := x.segment.Seq.Add(x.segment.Len)
		next := o.s.Seq
		if fsm.Side(side) != o.from {
			if o.s.Flags&fsm.ACK == 0 {
				continue
			}
			next = o.s.Ack
		}
		if next.After(least) && next.Minus(least) < most {
			f.completeFragment(fsm.Side(side), uint32(next.Minus(least)))
		}
	}
}

// completeFragment tells the machines of the rest of a segment: so many sequence numbers.
func (f *Flow) completeFragment(side fsm.Side, rest uint32) {
	x := &f.fragments.open[side]
	x.open = false
	s := x.segment
	s.Seq, s.Len = s.Seq.Add(s.Len), rest
	if s.Flags&fsm.FIN != 0 && rest > 0 {
		s.Len--
	}
	if s.Space() == 0 {
		return
	}
	f.Meanings |= f.Conn.Step(side, &s, x.at.Frame, x.at.Time, false)
	f.Segments++
	d := &f.Dir[side]
	if x.segment.Len == 0 && s.Len > 0 { // all its data were in the fragments that are not here
		d.DataSegments++
		d.countSize(s.Len)
	}
	d.Bytes += uint64(s.Len)
	d.UniqueBytes += uint64(s.Len)
	f.fragments.Octets += uint64(s.Len)
}

// endFragments ends what nothing told the end of: of a FIN it is known that it was sent.
func (f *Flow) endFragments() {
	if f.fragments == nil {
		return
	}
	for side := range f.fragments.open {
		if f.fragments.open[side].open {
			f.completeFragment(fsm.Side(side), 0)
		}
	}
}
