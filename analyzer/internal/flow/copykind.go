package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// copyKind decides about a packet like an earlier one, where the packets alone leave
// it open: what the receiver reports as missing, and comes again after that, is a
// retransmission, however alike the two are.
func (f *Flow) copyKind(p *decode.Packet, from fsm.Side) decode.Copy {
	s := &p.Segment
	d, r := &f.Dir[from], &f.Dir[from.Peer()]
	takes := s.Space() > 0
	between := r.Last.Nth > d.Last.Nth // the peer has sent something since
	switch {
	case p.Copy == decode.PerhapsTwice && !takes && d.Doubled == 0:
		return decode.NoCopy // one of several like ACKs
	case p.Copy == decode.PerhapsTwice && between && s.Flags.Has(fsm.SYN|fsm.ACK):
		return decode.NoCopy // the answer to what the peer sent in between
	case (p.Copy == decode.PerhapsTwice || p.Copy == decode.PerhapsDelivered) && takes && d.sender.reportedMissing(s):
		return decode.NoCopy
	case p.Copy == decode.PerhapsTwice && between && takes:
		return decode.DeliveredTwice // no timer expires so soon
	case p.Copy == decode.PerhapsDelivered:
		return decode.DeliveredTwice
	}
	return p.Copy
}

// reportedMissing reports whether the receiver has shown, after the segment was sent
// last, that it lacks it: by selective acknowledgment of what was sent later, or by
// asking for it again.
func (w *sender) reportedMissing(s *fsm.Segment) bool {
	i := w.queue.find(s.Seq, s.End())
	if i < 0 {
		return false
	}
	e := w.queue.at(i)
	if e.sacked {
		return false
	}
	if sent, any := w.queue.newestSacked(s.End()); any && sent >= e.latest {
		return true
	}
	return i == 0 && w.dupACKs > 0 && w.heard > e.latest
}
