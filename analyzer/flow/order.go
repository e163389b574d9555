package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// orderFacts tells new data from repeated, late and early data. top is the
// highest number sent before the segment.
func (f *Flow) orderFacts(p *decode.Packet, d *Direction, x, y *fsm.Endpoint, top fsm.Seq, space uint32) Facts {
	s := &p.Segment
	fresh, old := f.Conn.Fresh, f.Conn.Old
	var g Facts
	switch {
	case fresh == 0 && old > 0:
		g = Retransmission
		d.Retransmissions++
		d.ResentOctets += uint64(s.Len)
		if y.HasAck && s.End().AtOrBefore(y.Acked) {
			g |= Spurious
			d.NeedlessLikely++
		}
	case old > 0:
		g = Retransmission | PartlyResent
		d.Retransmissions++
		d.ResentOctets += uint64(min(old, s.Len))
	case fresh > 0 && s.Seq.Before(top):
		// Numbers never seen, below others that were.
		if f.overtaken(p, d) {
			g = OutOfOrder
			d.OutOfOrder++
		} else {
			g = LateFill
			d.Retransmissions++
			d.Late++
			d.ResentOctets += uint64(s.Len)
		}
	case s.Seq.After(top) && s.Flags&fsm.SYN == 0 && f.Meanings&fsm.GapConfirmed == 0:
		g = HoleBefore
		d.holeSince = p.Time
	}
	if s.Len > 1 && fresh > 0 && y.HasAck && y.ScaleKnown && s.Flags&fsm.SYN == 0 {
		end := s.Seq.Add(s.Len)
		switch {
		case end == y.RightEdge:
			g |= WindowFull
		case end.After(y.RightEdge) && !x.Out.Holes():
			g |= BeyondWindow
		}
	}
	return g
}

// newest is what the segment with the highest numbers of a direction looked like.
type newest struct {
	ipID    uint16
	tsVal   uint32
	inOrder uint8 // identifications that rose by little in a row, up to trustID
	hasID   bool
	hasTS   bool
}

const trustID = 4

// note takes a segment with new highest numbers into account.
func (n *newest) note(p *decode.Packet) {
	if p.HasIPID {
		if step := p.IPID - n.ipID; n.hasID && step > 0 && step < 256 {
			n.inOrder = min(n.inOrder+1, trustID)
		} else {
			n.inOrder = 0
		}
	}
	n.ipID, n.hasID = p.IPID, p.HasIPID
	n.tsVal, n.hasTS = p.Segment.TSVal, p.Segment.Opts&fsm.OptTimestamps != 0
}

// overtaken reports whether a segment that fills a hole was sent before those
// above it and came late. If it was sent after them, it repeats one that was lost
// before the tap. IP identifications that count up tell, and timestamps; without
// them only how long the hole was open.
func (f *Flow) overtaken(p *decode.Packet, d *Direction) bool {
	n := &d.newest
	if p.HasIPID && n.hasID && n.inOrder >= trustID {
		if back := n.ipID - p.IPID; back > 0 && back < 4096 {
			return true
		} else if ahead := p.IPID - n.ipID; ahead > 0 && ahead < 4096 {
			return false
		}
	}
	if n.hasTS && p.Segment.Opts&fsm.OptTimestamps != 0 && p.Segment.TSVal != n.tsVal {
		return int32(p.Segment.TSVal-n.tsVal) < 0
	}
	const least, most = 3_000_000, 100_000_000
	return p.Time-d.holeSince <= min(max(f.pathRTT(), least), most)
}
