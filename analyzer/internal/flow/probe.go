package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// The facts of probes and of what answers them.
var (
	probes           = Facts(KeepaliveProbe, WindowProbe)
	probeAnswers     = Facts(KeepaliveAnswer, WindowProbeAnswer)
	probesAndAnswers = Facts(KeepaliveProbe, KeepaliveAnswer, WindowProbe, WindowProbeAnswer)
)

// probeKind tells keepalive probes and window probes from ordinary segments,
// before the segment is counted.
//
// Both kinds may carry nothing and sit one below the next number (Linux sends
// the two alike), or carry one byte. What decides is the peer's window: while
// it is closed, a probe asks for it to open.
func (f *Flow) probeKind(o *observation) {
	s, x, y := o.s, o.x, o.y
	if s.Len > 1 || s.Flags&(fsm.SYN|fsm.FIN|fsm.RST|fsm.ACK) != fsm.ACK {
		return
	}
	if o.deliveredTwice || x.HasAck && s.Ack.Before(x.Acked) {
		return // a copy, or one that came late: a probe acknowledges all that its sender has
	}
	if !x.Out.Started() || !x.State.Synchronized() && x.State != fsm.Closed {
		return
	}
	switch closed := y.HasAck && y.Window == 0 && o.r.zero; {
	case closed && asksForWindow(s, x, y):
		o.probe.add(WindowProbe)
	case asksForLife(s, x, y) && !repeatsByte(o):
		o.probe.add(KeepaliveProbe)
		if y.HasAck && y.Acked.Before(x.Out.Top) {
			o.probe.add(KeepaliveEarly)
		}
	}
}

// asksForWindow reports whether a segment sent into a closed window probes it.
func asksForWindow(s *fsm.Segment, x, y *fsm.Endpoint) bool {
	below := s.Seq.Add(1)
	if s.Len == 0 {
		return below == y.Acked || below == x.Out.Top
	}
	return s.Seq == y.Acked || below == y.Acked || s.Seq == x.Out.Top || below == x.Out.Top
}

// asksForLife reports whether a segment is a keepalive probe: one below the next
// number, or, if it is empty, below the first that is not acknowledged.
func asksForLife(s *fsm.Segment, x, y *fsm.Endpoint) bool {
	below := s.Seq.Add(1)
	switch {
	case !x.Seen:
		return false
	case below != x.Out.Top:
		return s.Len == 0 && y.HasAck && below == y.Acked && x.Out.Top.After(y.Acked)
	case s.Len == 1:
		// Not acknowledged yet, it is the last byte again: a retransmission.
		return y.HasAck && y.Acked == x.Out.Top
	}
	return true
}

// repeatsByte reports whether a segment that could be a keepalive probe of one byte is
// the last byte sent again: it is pushed, as data is, holds the same byte, and comes
// after that one as soon as a retransmission timer may.
func repeatsByte(o *observation) bool {
	const latest = 3 * fsm.Second // before the first repetition; each later one may wait twice as long
	if o.s.Len == 0 || o.s.Flags&fsm.PSH == 0 || o.d.contents.differs(o.p) != nil {
		return false
	}
	e := o.d.sender.queue.acknowledged(o.s.Seq, o.s.End())
	return e != nil && o.p.Time-e.latest <= latest<<(min(max(e.times, 1), 7)-1)
}

// isProbe reports whether a pure ACK sits below what its sender has sent, as a
// probe does, so that it answers nothing.
func isProbe(o *observation) bool { return o.s.Seq.Before(o.x.Out.Top) }

// noteProbe counts a probe and waits for its answer.
func (f *Flow) noteProbe(o *observation) {
	d := o.d
	if o.probe.Has(WindowProbe) {
		d.WindowProbes++
		w := d.ensureWindowStats()
		w.windowProbe(o.r.zeroSince, o.at)
		w.probed(o.at, o.r.Last.Time)
		d.awaiting = windowProbeAnswer
		return
	}
	d.noteKeepalive(o.at, o.r.Last.Frame)
}
