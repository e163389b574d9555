package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// phase is where a sender's loss recovery stands, as far as its segments show.
type phase uint8

const (
	open     phase = iota
	recovery       // fast recovery: ends when all that was out is acknowledged
	smaller        // what is out goes again in smaller segments: likewise
	loss           // after a timeout: likewise
)

// sender follows one direction as its sender: what is outstanding, how long
// round trips take, and what its retransmissions answer.
type sender struct {
	queue    sendQueue
	progress fsm.Time    // when an ACK last covered something new
	heard    fsm.Time    // when an ACK came at all
	lastSend fsm.Time    // when anything with numbers was sent
	resent   *resent     // nil until something was retransmitted
	stalls   *LossStalls // nil until data stood still for want of it
	hole     *BlackHole  // nil unless a segment was sent again and again
	told     *toldMTU    // nil unless an ICMP error told the path's MTU

	largest     uint32  // numbers of the largest segment that was acknowledged and sent once
	arrived     uint8   // how many such segments there were, at most 255
	until       fsm.Seq // acknowledging this number ends the phase
	dupACKs     uint32  // since the latest progress
	inFlight    uint32  // the most bytes outstanding at once
	flight      uint32  // when new data was sent last
	lastSize    uint32  // of that
	flightSum   uint64  // over all such sendings
	flights     uint64
	initial     uint32 // bytes sent before the first of them was acknowledged
	initialDone bool
	phase       phase
	probed      bool // a tail loss probe is out: there is no other until probedTo is acknowledged (RFC 8985 §7.3)
	probedTo    fsm.Seq
	blocksCut   bool  // an ACK came whose SACK blocks may have been cut off
	backoff     uint8 // timeouts in a row without progress
	repeats     uint8 // segments retransmitted since the timeout, at most 2

	rtt  RTT
	rate rate
	way  way
}

// RTT returns the round trips of the direction's data.
func (d *Direction) RTT() *RTT { return &d.sender.rtt }

// BlocksCut reports whether an ACK of the direction's data came whose SACK blocks may
// have been cut off by the snap length.
func (d *Direction) BlocksCut() bool { return d.sender.blocksCut }

// MaxInFlight returns the most bytes that were unacknowledged at once.
func (d *Direction) MaxInFlight() uint32 { return d.sender.inFlight }

// InitialWindow returns how many bytes were sent before the first of them was
// acknowledged; SYNs are left out.
func (d *Direction) InitialWindow() uint32 { return d.sender.initial }

// sent returns the entry of the send queue for a segment.
func (o *observation) sent(times uint8) sent {
	now := o.p.Time
	return sent{
		seq: o.s.Seq, end: o.s.End(), frame: o.p.Frame, first: now, latest: now,
		tsVal: o.s.TSVal, ipID: o.p.IPID, times: times,
	}
}

// resentFacts are those of retransmissions.
var resentFacts = Facts(Retransmission, LateFill)

// noteSent takes a segment with sequence numbers into account. For a retransmission
// it returns the kind and the frame of the original (0 if none was captured).
func (f *Flow) noteSent(o *observation) (kind Kind, original fsm.Frame) {
	if o.facts.Any(resentFacts) {
		return f.noteResent(o)
	}
	s, w := o.s, &o.d.sender
	if s.Len > 0 {
		f.noteIdle(o, f.packetSize())
		w.lastSize = s.Len
	}
	entry := o.sent(1)
	entry.rate = w.rate.send(o.p.Time, w.queue.n == 0)
	if o.facts.Has(OutOfOrder) {
		w.queue.insert(entry)
	} else {
		w.queue.push(entry)
	}
	w.lastSend = o.p.Time
	if una := o.y.Acked; o.y.HasAck && s.Len > 0 && s.Flags&fsm.SYN == 0 {
		w.flight = uint32(s.Seq.Add(s.Len) - una) // a FIN takes a number and is no byte
		w.inFlight = max(w.inFlight, w.flight)
		w.flightSum += uint64(w.flight)
		w.flights++
		if !w.initialDone {
			w.initial = w.flight
		}
	}
	return KindUnknown, 0
}

// noteResent does so for a retransmission.
func (f *Flow) noteResent(o *observation) (kind Kind, original fsm.Frame) {
	d, w, una := o.d, &o.d.sender, o.y.Acked
	seq, end, now := o.s.Seq, o.s.End(), o.p.Time
	if !o.y.HasAck { // nothing was acknowledged, as far as the capture goes
		if una = seq; w.queue.n > 0 {
			una = w.queue.first().seq
		}
	}
	p, outstanding := w.queue.find(seq, end)
	var first *sent
	if outstanding {
		first = w.queue.at(p)
	} else if first = w.queue.acknowledged(seq, end); first != nil {
		una = first.seq // its ACK passed the tap, but its sender goes by what reached it
	}
	if first != nil && o.facts.Has(Retransmission) {
		original = first.frame
	}
	kind = f.classify(o, first, outstanding, una)
	d.Kinds[kind]++
	f.noteLossStall(o, first)
	if kind == KindTimeout {
		since := max(w.lastSend, w.progress, o.r.openedAt().Time)
		d.TimeoutWait += now - since
		d.noteTimeout(since, o)
	}
	if first != nil {
		w.ensureResent().after.note(now-first.latest, first.times+1)
	}
	if outstanding {
		first.rate = w.rate.send(now, false)
		w.queue.sentAgain(p, end, now)
		if first.times >= leastBlackHoleSends || w.hole != nil {
			f.suspectSize(o, first)
		}
	} else if first != nil {
		first.again(now)
	}
	if o.facts.Has(LateFill) {
		w.queue.insert(o.sent(2))
	} else if o.facts.Has(PartlyResent) && w.queue.n > 0 {
		if last := w.queue.last(); end.After(last.end) {
			more := o.sent(2)
			more.seq = last.end
			w.queue.push(more)
		}
	}
	w.lastSend = now
	w.remember(o.p, len(f.Timeline), f.keep)
	return kind, original
}

// firstSending reports whether e, now acknowledged for the first time, was sent
// once only, and before recovery began.
func (w *sender) firstSending(e *sent) bool {
	return e.times == 1 && !e.sacked && e.end.AtOrBefore(w.until)
}

// noteAck takes an acknowledgment of the direction's data into account. If the ACK
// shows that a retransmission was spurious, it returns which.
func (f *Flow) noteAck(o *observation) (spurious *resending) {
	s, w, now := o.s, &o.r.sender, f.Last.Time
	w.heard = now
	w.blocksCut = w.blocksCut || s.Opts&fsm.OptCut != 0 && s.NumSACK == 0 && s.Flags&fsm.SYN == 0
	if w.hole != nil {
		w.noteArrival(s.Ack)
	}
	k := ackSample{size: f.packetSize(), echo: s.TSEcr, hasEcho: s.Echoes()}
	progress, original, again := w.acknowledge(s, now, &k)
	o.sampled = k.sampled
	if s.NumSACK > 0 && w.markSACKed(s, &k) {
		original = true
	}
	w.sample(&k, now, f.shortestSample(o.r, o.d))
	if w.phase == loss && w.repeats == 1 && original && (f.mayProbe() || !again) {
		w.phase = open // the timeout was spurious, and the sender knows (RFC 5682)
	}
	switch {
	case progress:
		f.endLossStall(o)
		w.progress, w.dupACKs, w.backoff = now, 0, 0
		w.probed = w.probed && s.Ack.Before(w.probedTo)
		w.initialDone = w.initial > 0
		if w.phase != open && s.Ack.AtOrAfter(w.until) {
			w.phase = open
		}
	case o.facts.Has(DuplicateACK) && !reportsCopies(s):
		if w.dupACKs++; w.dupACKs == 3 {
			o.d.Counts.TripleDupACKs++
		}
	}
	if w.resent != nil {
		spurious = w.spurious(s, progress, f.Meanings.Any(fsm.SYNCrossed))
	}
	return spurious
}

// reportsCopies reports whether the SACK blocks of an ACK tell of nothing but what came
// twice (RFC 2883): nothing is missing then.
func reportsCopies(s *fsm.Segment) bool {
	for _, b := range s.SACK[:s.NumSACK] {
		if b.To.After(s.Ack) {
			return false
		}
	}
	return s.NumSACK > 0
}

// acknowledge takes what an ACK covers off the queue. It reports whether that is
// anything, whether any of it was sent once only, before recovery began, and whether
// any was sent more often.
func (w *sender) acknowledge(s *fsm.Segment, now fsm.Time, k *ackSample) (progress, original, again bool) {
	for w.queue.n > 0 {
		e := w.queue.at(w.queue.front)
		if !e.end.AtOrBefore(s.Ack) {
			break
		}
		if e.times == 1 && !e.sacked && (w.queue.n == 1 || !w.queue.at(w.queue.next(w.queue.front)).end.AtOrBefore(s.Ack)) {
			w.rtt.add(now - e.first) // the newest that the ACK covers: its cause
			if now >= e.first {
				k.sampled = e.frame
			}
			w.rtt.loaded.add(now-e.first, w.flight, w.inFlight, k.size)
		}
		w.noteArrived(e)
		k.covers(&w.rate, e, k.packetsOf(e.end.Minus(e.seq)))
		original = original || w.firstSending(e)
		again = again || e.times > 1
		w.queue.pop()
		progress = true
	}
	if w.queue.n > 0 {
		if e := w.queue.at(w.queue.front); e.seq.Before(s.Ack) {
			k.covers(&w.rate, e, k.packetsOf(s.Ack.Minus(e.seq)))
			e.seq = s.Ack // a part of it
			progress = true
		}
	}
	return progress, original, again
}

// markSACKed notes what the SACK blocks cover, and reports whether any of it was sent
// once only, before recovery began.
func (w *sender) markSACKed(s *fsm.Segment, k *ackSample) (original bool) {
	for _, b := range s.SACK[:s.NumSACK] {
		if b.To.AtOrBefore(s.Ack) {
			continue
		}
		w.queue.markSACKed(b.From, b.To, func(e *sent) {
			w.settleSize(e)
			k.coversSACK(&w.rate, e)
			original = original || w.firstSending(e)
		})
	}
	return original
}
