package flow

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// BlackHole is what makes a path seem to lose a direction's large segments and no others,
// as it does when its MTU is smaller than the sender thinks and no ICMP error tells it
// (RFC 2923 §2.1): a segment that is sent again and again, while smaller ones arrive.
type BlackHole struct {
	First  fsm.Stamp    // of that segment
	Frames [8]fsm.Frame // the first sendings
	Latest fsm.Frame    // and the last
	Sends  int          // how often it was sent
	Lost   int          // transmissions of that size and more that did not arrive, these included
	Passed int          // smaller segments that did
	seq    fsm.Seq
	length uint32 // of its data
	passed uint32 // of the data of the largest that arrived
	before uint32 // the same of those that had arrived before it was sent
	heard  bool   // the peer has sent something since

	Headers uint32    // bytes of its IP packet that are no data
	Smaller fsm.Frame // it was then sent in smaller segments, from this one on; 0: never
	pieces  uint32    // the data of that one
	Through bool      // and those arrived
}

// Size is the length of the smallest IP packet that did not arrive.
func (b *BlackHole) Size() uint32 { return b.length + b.Headers }

// Largest is the length of the largest IP packet that did.
func (b *BlackHole) Largest() uint32 {
	largest := max(b.before, b.passed)
	if b.Through {
		largest = max(largest, b.pieces)
	}
	return largest + b.Headers
}

// Chance is how likely what was seen is at most, were each segment lost with one
// probability whatever its size: the likelihood at the probability that fits best.
func (b *BlackHole) Chance() float64 {
	lost, passed := float64(b.Lost), float64(b.Passed)
	all := lost + passed
	return math.Pow(lost/all, lost) * math.Pow(passed/all, passed)
}

// The bounds from which on it is no chance. A timer must have sent the segment again more
// than once: what is lost together is often lost for one reason.
const (
	leastBlackHoleSends = 3
	mostBlackHoleChance = 0.01
)

// BlackHole returns what seems to be a path MTU black hole on the way of the direction's
// segments, or nil.
func (d *Direction) BlackHole() *BlackHole {
	if b := d.sender.hole; b != nil && b.Sends >= leastBlackHoleSends && b.meanwhile() && b.Chance() <= mostBlackHoleChance {
		return b
	}
	return nil
}

// meanwhile reports whether a smaller segment arrived that was sent after the first
// sending of the one that does not, so the path worked; or whether the peer was heard from
// after that had been sent in vain again and again, so that it is not gone, at least.
func (b *BlackHole) meanwhile() bool { return b.passed > 0 || b.Through || b.heard }

// suspectSize looks at a segment that repeats the entry e, which is outstanding and was
// now sent at least three times: it may be too large for the path.
func (f *Flow) suspectSize(o *observation, e *sent) {
	w, s := &o.d.sender, o.s
	if b := w.hole; b != nil {
		if s.Seq != b.seq {
			return
		}
		if s.Len < b.length {
			if b.Smaller == 0 {
				b.Smaller, b.pieces = o.p.Frame, s.Len
			}
			return
		}
		b.Smaller, b.pieces = 0, 0
		if b.Sends < len(b.Frames) {
			b.Frames[b.Sends] = o.p.Frame
		}
		b.Sends++
		b.Lost++
		b.Latest = o.p.Frame
		return
	}
	length := e.end.Minus(e.seq)
	if o.p.IPLen <= carriedAnywhere(o.p) || e.times < leastBlackHoleSends || s.Seq != e.seq || s.Flags&(fsm.SYN|fsm.FIN) != 0 || int32(s.Len) != length || f.tooLargeForSegments(o.r, s.Len) {
		return
	}
	b := &BlackHole{
		First: fsm.Stamp{Time: e.first, Frame: e.frame}, seq: s.Seq, length: s.Len, Headers: o.p.IPLen - s.Len,
		Sends: int(e.times), Lost: int(e.times), Latest: o.p.Frame,
	}
	b.Frames[0] = e.frame
	if r := w.resent; r != nil {
		n := 1
		for i := range r.last {
			if x := &r.last[(int(r.pos)+i)%len(r.last)]; x.frame != 0 && x.seq == s.Seq && n < len(b.Frames) {
				b.Frames[n] = x.frame
				n++
			}
		}
		if n < len(b.Frames) {
			b.Frames[n] = o.p.Frame // it is remembered later
		}
	}
	if w.surveySizes(b) {
		w.hole = b
	}
}

// carriedAnywhere returns the length of the IP packets that are not too large for any path:
// IPv6's least MTU (RFC 8200 §5), and what every IPv4 host must take (RFC 791 §3.1), since
// no link in use carries less.
func carriedAnywhere(p *decode.Packet) uint32 {
	if p.Src.Addr().Is4() {
		return 576
	}
	return 1280
}

// tooLargeForSegments reports whether what was captured is more than a segment can carry
// on the wire: the network card was to cut it, and its size says nothing.
func (f *Flow) tooLargeForSegments(receiver *Direction, length uint32) bool {
	mss := uint32(receiver.Options.MSS)
	return mss != 0 && length > mss
}

// surveyed is how many entries of a queue are looked at.
const surveyed = 256

// surveySizes counts what is known of the direction's other segments. It returns false if
// one of that size arrived.
func (w *sender) surveySizes(b *BlackHole) bool {
	if w.largest >= b.length {
		return false
	}
	b.before = w.largest
	b.Passed += int(w.arrived)
	q, n := &w.queue, 0
	for i := range q.runs {
		r := &q.runs[i]
		for j := r.from; j < r.to && n < surveyed; j++ {
			n++
			e := &r.buf[j]
			acknowledged := i < q.front.run || i == q.front.run && j < q.front.at
			large := e.end.Minus(e.seq) >= int32(b.length)
			switch {
			case e.seq == b.seq:
			case acknowledged:
			case e.sacked && large:
				return false
			case e.sacked:
				b.arrived(e)
			case large && e.first-b.First.Time < fsm.Second:
				b.Lost++
			}
		}
	}
	return true
}

// arrived takes account of an entry that turns out to have arrived.
func (b *BlackHole) arrived(e *sent) (refuted bool) {
	length := e.end.Minus(e.seq)
	switch {
	case e.seq == b.seq || e.first < b.First.Time || length <= 0:
		return false
	case length >= int32(b.length):
		return e.times == 1 // sent again, it may have gone in pieces
	}
	b.Passed++
	b.passed = max(b.passed, uint32(length))
	return false
}

// noteArrival takes account of an acknowledgment up to ack.
func (w *sender) noteArrival(ack fsm.Seq) {
	w.hole.heard = true
	if b := w.hole; !b.Through && ack.After(b.seq) {
		if b.Smaller == 0 {
			w.hole = nil // it arrived at last
			return
		}
		b.Through = true
		b.Passed++
	}
}

// noteArrived takes account of an entry that is acknowledged.
func (w *sender) noteArrived(e *sent) {
	if e.times == 1 {
		w.largest = max(w.largest, uint32(e.end.Minus(e.seq)))
		w.arrived += min(1, 255-w.arrived)
	}
	w.settleSize(e)
}

// settleSize takes account of an entry that is acknowledged, or selectively so for the
// first time.
func (w *sender) settleSize(e *sent) {
	if w.hole != nil && !e.sacked && !w.hole.Through && w.hole.arrived(e) {
		w.hole = nil
	}
}
