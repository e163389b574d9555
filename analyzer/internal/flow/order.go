package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// orderFacts tells new data from repeated, late and early data.
func (f *Flow) orderFacts(o *observation) {
	s, d, x, y := o.s, o.d, o.x, o.y
	fresh, old := f.Conn.Fresh, f.Conn.Old
	switch {
	case fresh == 0 && old > 0:
		f.noteRepeated(o)
	case fresh == 0: // fsm.OutsideWindow
	case old > 0:
		o.facts.add(Retransmission)
		o.facts.add(PartlyResent)
		d.resentNow(s)
		d.ResentBytes += uint64(min(old, s.Len))
	case s.Seq.Before(o.before.top):
		// Numbers never seen, below others that were.
		d.noteFill(o, f.fillsOutOfOrder(o.p, d))
	case behindKnown(s, x):
		// In order as captured, but an empty segment had shown that it was out.
		_, at := x.Beyond()
		d.noteFill(o, o.p.Time-at.Time <= shortReordering)
	case s.Seq.After(o.before.top) && s.Flags&fsm.SYN == 0 && f.Meanings&fsm.GapConfirmed == 0:
		o.facts.add(HoleBefore)
		d.holeSince = o.p.Time
	}
	if s.Len > 1 && fresh > 0 && y.HasAck && y.ScaleKnown && s.Flags&fsm.SYN == 0 && !f.SharesWindow() {
		roomFacts(o)
	}
}

// noteRepeated notes a segment all of whose sequence numbers were seen before.
func (f *Flow) noteRepeated(o *observation) {
	s, d, x, y := o.s, o.d, o.x, o.y
	o.facts.add(Retransmission)
	d.resentNow(s)
	d.ResentBytes += uint64(s.Len)
	if y.HasAck && s.End().AtOrBefore(y.Acked) {
		o.facts.add(SpuriousLikely)
		d.SpuriousLikely++
	}
	if x.SentSYN && s.Seq.Before(x.ISS) && d.UniqueBytes+d.GapBytes < 1<<30 {
		o.facts.add(BelowStart)
	}
}

// noteFill notes a segment that fills a hole: one out of order, or the retransmission
// of one that was lost before the tap.
func (d *Direction) noteFill(o *observation, outOfOrder bool) {
	if outOfOrder {
		o.facts.add(OutOfOrder)
		d.OutOfOrder++
		return
	}
	o.facts.add(LateFill)
	d.resentNow(o.s)
	d.Late++
	d.ResentBytes += uint64(o.s.Len)
}

// resentNow counts a retransmission.
func (d *Direction) resentNow(s *fsm.Segment) {
	d.Retransmissions++
	if s.Len > 0 {
		d.Counts.ResentData++
	}
}

// roomFacts looks where new data ends in the peer's window.
func roomFacts(o *observation) {
	s, y := o.s, o.y
	if !y.HasAck {
		return // it has told no window
	}
	end := s.Seq.Add(s.Len)
	o.d.noteRoom(end, s.Len, y, o.p.Time)
	switch {
	case end == y.RightEdge:
		o.facts.add(WindowFull)
	case end.After(y.RightEdge) && !o.x.Out.Holes():
		o.facts.add(BeyondWindow)
	}
}

// shortReordering is how soon after the ACK behind it a segment may come and
// count as overtaken by that ACK, not as retransmitted.
const shortReordering = 3_000_000

// behindKnown reports whether a new segment lies below what an empty one had
// shown to be sent already.
func behindKnown(s *fsm.Segment, x *fsm.Endpoint) bool {
	top, at := x.Beyond()
	return at.Nth != 0 && s.End().AtOrBefore(top)
}

// ids follows a direction's IP identifications: hosts that count them up packet
// by packet give away the order in which segments were sent.
type ids struct {
	last    uint16
	inOrder uint8 // identifications that rose by little in a row, up to trustID
	has     bool
	same    bool   // the two latest are one: they tell nothing
	rst     uint16 // of the latest RST, with nearRST or hasRST
	nearRST bool   // it goes on from fromRST, the one before it
	fromRST uint16
	hasRST  bool // it does, and so did all before it
}

const trustID = 4

// note takes a segment with new highest numbers into account.
func (n *ids) note(p *decode.Packet) {
	if p.HasIPID {
		if step := p.IPID - n.last; n.has && step > 0 && step < 256 {
			n.inOrder = min(n.inOrder+1, trustID)
		} else {
			n.inOrder = 0
		}
	}
	n.same = n.has && p.HasIPID && p.IPID == n.last
	n.last, n.has = p.IPID, p.HasIPID
}

// noteRST remembers the identification of a RST, if it goes on from those before it:
// systems that answer without a socket may count otherwise.
func (n *ids) noteRST(p *decode.Packet) {
	step := p.IPID - n.last
	n.rst, n.fromRST, n.nearRST = p.IPID, n.last, p.HasIPID && n.has && step > 0 && step < 256
	n.hasRST = n.nearRST && n.inOrder >= trustID
}

// beforeRST reports whether a segment was sent before its sender's latest RST. An
// identification between the RST's and the one before it tells that even where too few have
// been seen to trust them otherwise.
func (n *ids) beforeRST(p *decode.Packet) bool {
	back := n.rst - p.IPID
	if n.nearRST && p.HasIPID && back > 0 && back < n.rst-n.fromRST {
		return true
	}
	return n.hasRST && p.HasIPID && back > 0 && back < 4096
}

// afterRST reports whether a segment was sent after that.
func (n *ids) afterRST(p *decode.Packet) bool {
	on := p.IPID - n.rst
	return n.hasRST && p.HasIPID && on > 0 && on < 4096
}

// lateOriginal reports whether the numbers of a segment were seen before on
// one that was sent later: this is the first sending, overtaken by the second.
func (d *Direction) lateOriginal(p *decode.Packet) bool {
	s := &p.Segment
	end := s.End()
	e := d.sender.queue.covering(s.Seq, end)
	if e == nil {
		return d.sender.repeatedBefore(s) != nil
	}
	if e.seq.After(s.Seq) || e.end.Before(end) {
		return false
	}
	if s.Opts&fsm.OptTimestamps != 0 && e.tsVal != 0 {
		return int32(s.TSVal-e.tsVal) < 0
	}
	back := e.ipID - p.IPID
	return p.HasIPID && d.ids.has && d.ids.inOrder >= trustID && back > 0 && back < 4096
}

// relabel corrects what was said of the second sending when the first comes late:
// it looked new, and was a retransmission.
func (f *Flow) relabel(d *Direction, late *decode.Packet) {
	e := d.sender.queue.covering(late.Segment.Seq, late.Segment.End())
	if e == nil || e.times > 1 {
		return // known as a retransmission already
	}
	e.times = 2
	d.resentNow(&late.Segment)
	d.ResentBytes += uint64(late.Segment.Len)
	d.Kinds[KindUnknown]++
	if f.series != nil {
		f.series.Amend(e.frame, marksOf(0, Facts(Retransmission))|kindMarks[KindUnknown], late.Frame)
	}
	for i := len(f.Timeline) - 1; i >= max(0, len(f.Timeline)-1000); i-- {
		if k := &f.Timeline[i]; k.Frame == e.frame {
			k.Facts.add(Retransmission)
			k.Original = late.Frame
			return
		}
	}
}

// unheard reports whether the direction's sender has tried in vain for so long
// that nothing of it seems to arrive any more: then its last word, a RST, will not
// have arrived either. Where only its large segments are lost, a RST arrives.
func (d *Direction) unheard() bool {
	if d.BlackHole() != nil {
		return false
	}
	return d.sender.backoff >= 2 || d.Keepalive != nil && d.Keepalive.run >= 2
}

// answersAck reports whether a RST takes its number from an acknowledgment of y, as the
// answer of an endpoint without a connection does (RFC 9293 §3.5.2). The path to y may
// work again then, as the one from it does.
func answersAck(s *fsm.Segment, y *fsm.Endpoint) bool {
	return s.Flags&fsm.ACK == 0 && y.HasAck && s.Seq == y.Acked
}

// fillsOutOfOrder reports whether a segment that fills a hole was sent before those
// above it and came late. If it was sent after them, it repeats one that was lost
// before the tap. IP identifications that count up tell, and timestamps; without
// them only how long the hole was open.
func (f *Flow) fillsOutOfOrder(p *decode.Packet, d *Direction) bool {
	s := &p.Segment
	since := d.holeSince
	if e := d.sender.queue.above(s.End()); e != nil {
		if p.HasIPID && d.ids.has && d.ids.inOrder >= trustID {
			if back := e.ipID - p.IPID; back > 0 && back < 4096 {
				return true
			} else if ahead := p.IPID - e.ipID; ahead > 0 && ahead < 4096 {
				return false
			}
		}
		if s.Opts&fsm.OptTimestamps != 0 && e.tsVal != 0 && s.TSVal != e.tsVal {
			return int32(s.TSVal-e.tsVal) < 0
		}
		since = e.first
	}
	const least, most = 3_000_000, 100_000_000
	return p.Time-since <= min(max(f.PathRTT(), least), most)
}
