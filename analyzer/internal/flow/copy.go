package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// copied reports whether the frame was captured twice, so that the machine must never
// see it. If not, it notes whether the network delivered the packet twice, or after a
// retransmission of it.
func (f *Flow) copied(o *observation) bool {
	switch f.copyKind(o) {
	case decode.CapturedTwice, decode.PerhapsTwice:
		return true
	case decode.DeliveredTwice:
		o.deliveredTwice = true
	default:
		o.late = o.space > 0 && o.x.Out.Started() && o.s.Seq.Before(o.x.Out.Top) && o.d.lateOriginal(o.p)
	}
	return false
}

// copyKind decides about a packet like an earlier one, where the packets alone leave
// it open: what the receiver reports as missing, and comes again after that, is a
// retransmission, however alike the two are.
func (f *Flow) copyKind(o *observation) decode.Copy {
	kind := o.p.Copy
	if (kind == decode.DeliveredTwice || kind == decode.PerhapsDelivered) && o.d.ids.same && o.p.HasIPID {
		return decode.NoCopy // one identification on all packets makes none of them the same
	}
	if kind != decode.PerhapsTwice && kind != decode.PerhapsDelivered {
		return kind
	}
	answered := o.r.Last.Nth > o.d.Last.Nth // the peer has sent something in between
	switch {
	case kind == decode.PerhapsTwice && o.space == 0 && o.d.Doubled == 0:
		return decode.NoCopy // one of several like ACKs
	case kind == decode.PerhapsTwice && o.s.Flags.Has(fsm.SYN|fsm.ACK) && o.y.Syn.Nth > o.x.Syn.Nth:
		return decode.NoCopy // the answer to the peer's SYN, which came again
	case o.space > 0 && o.d.sender.reportedMissing(o.s):
		return decode.NoCopy
	case kind == decode.PerhapsDelivered && o.s.Opts&fsm.OptTimestamps == 0 && f.mayBeResent(o):
		return decode.NoCopy
	case kind == decode.PerhapsDelivered, answered && o.space > 0:
		return decode.DeliveredTwice // no timer expires so soon, no timestamp stays for so long
	}
	return decode.PerhapsTwice
}

// mayBeResent reports whether a segment like an earlier one may have been sent anew for
// all that its connection shows: not if it comes sooner than any answer to the earlier
// can have reached its sender.
func (f *Flow) mayBeResent(o *observation) bool {
	w := &o.d.sender
	e := w.queue.covering(o.s.Seq, o.s.End())
	return e == nil || w.phase != open || o.p.Time-e.latest >= f.PathRTT()
}

// reportedMissing reports whether the receiver has shown, after the segment was sent
// last, that it lacks it: by selective acknowledgment of what was sent later, or by
// asking for it again.
func (w *sender) reportedMissing(s *fsm.Segment) bool {
	p, outstanding := w.queue.find(s.Seq, s.End())
	if !outstanding {
		return false
	}
	e := w.queue.at(p)
	if e.sacked {
		return false
	}
	if w.queue.sackedSince(s.End(), e.latest) {
		return true
	}
	return p == w.queue.front && w.dupACKs > 0 && w.heard > e.latest
}

// addCopy notes a frame that was captured twice.
func (f *Flow) addCopy(o *observation) {
	o.d.Doubled++
	o.facts.add(Doubled)
	f.AllFacts.add(Doubled)
	f.noteSegment(NotableSegment{Frame: o.p.Frame, Time: o.p.Time, From: o.from, Facts: o.facts, Segment: *o.s})
	f.addToTimeline(o)
}
