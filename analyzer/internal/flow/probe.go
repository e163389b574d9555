package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// probeKind tells keepalive probes and window probes from ordinary segments,
// before the segment is counted.
//
// Both kinds may carry nothing and sit one below the next number (Linux sends
// the two alike), or carry one octet. What decides is the peer's window: while
// it is closed, a probe asks for it to open.
func (f *Flow) probeKind(s *fsm.Segment, from fsm.Side) SegmentFacts {
	if s.Len > 1 || s.Flags&(fsm.SYN|fsm.FIN|fsm.RST|fsm.ACK) != fsm.ACK {
		return SegmentFacts{}
	}
	x, y := &f.Conn.End[from], &f.Conn.End[from.Peer()]
	if !x.Out.Started() || !x.State.Synchronized() && x.State != fsm.Closed {
		return SegmentFacts{}
	}
	closed := y.HasAck && y.Window == 0 && f.Dir[from.Peer()].zero
	below := s.Seq.Add(1)
	switch {
	case closed && s.Len == 0 && (below == y.Acked || below == x.Out.Top):
		return Facts(WindowProbe)
	case closed && s.Len == 1 && (s.Seq == y.Acked || s.Seq == x.Out.Top || below == x.Out.Top):
		return Facts(WindowProbe)
	case below != x.Out.Top || !x.Seen:
		if s.Len == 0 && y.HasAck && below == y.Acked && x.Out.Top.After(y.Acked) && x.Seen {
			return Facts(KeepaliveProbe, KeepaliveEarly)
		}
		return SegmentFacts{}
	case s.Len == 1 && (!y.HasAck || y.Acked != x.Out.Top):
		return SegmentFacts{} // the last octet again, not acknowledged yet: a retransmission
	case y.HasAck && y.Acked.Before(x.Out.Top):
		return Facts(KeepaliveProbe, KeepaliveEarly)
	}
	return Facts(KeepaliveProbe)
}

// isProbe reports whether a pure ACK sits below what its sender has sent, as a
// probe does, so that it answers nothing.
func (f *Flow) isProbe(s *fsm.Segment, x *fsm.Endpoint) bool { return s.Seq.Before(x.Out.Top) }

// noteProbe counts a probe and waits for its answer.
func (f *Flow) noteProbe(g SegmentFacts, d, r *Direction, at fsm.Stamp) {
	if g.Has(WindowProbe) {
		d.WindowProbes++
		d.ensureWindowStats().windowProbe(r.zeroSince, at)
		d.awaiting = windowProbeAnswer
		return
	}
	d.probe(at)
}

// relative returns how far seq lies above the initial number of a side's
// stream, counting on past 4 GiB: the number nearest to the stream's top.
func (f *Flow) relative(side fsm.Side, e *fsm.Endpoint, seq fsm.Seq) uint64 {
	base := f.base[side]
	if !f.hasBase[side] {
		if e.SentSYN {
			base = e.ISS
		} else {
			base = seq // joined midway: the first number seen becomes 1
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
	// Take the candidate nearest to the highest seen.
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
