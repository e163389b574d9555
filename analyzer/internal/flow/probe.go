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
