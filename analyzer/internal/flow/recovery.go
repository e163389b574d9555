package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Kind says why a segment was sent again.
type Kind uint8

// The kinds. SYN, SYN-ACK and FIN are sent again by the same timers, but their
// names tell more.
const (
	KindUnknown Kind = iota
	KindSYN
	KindSYNACK
	KindTimeout // the retransmission timer, or recovery after it (RFC 6298 §5)
	KindFast    // duplicate ACKs or SACK (RFC 5681 §3.2, RFC 6675, RFC 8985)
	KindProbe   // tail loss probe (RFC 8985 §7)

	// NumKinds is the number of kinds.
	NumKinds = iota
)

// phase is where a sender's loss recovery stands, as far as its segments show.
type phase uint8

const (
	open     phase = iota
	recovery       // fast recovery: ends when all that was out is acknowledged
	loss           // after a timeout: likewise
)

// sender follows one direction as its sender: what is outstanding, how long
// round trips take, and what its retransmissions answer.
type sender struct {
	queue    sendQueue
	progress fsm.Time // when an ACK last covered something new
	heard    fsm.Time // when an ACK came at all
	lastSend fsm.Time // when anything with numbers was sent
	resent   *resent  // nil until something was sent again

	until       fsm.Seq // acknowledging this number ends the phase
	dupACKs     uint32  // since the latest progress
	inFlight    uint32  // the most octets outstanding at once
	initial     uint32  // octets sent before the first of them was acknowledged
	initialDone bool
	phase       phase
	probed      bool  // a tail loss probe is out
	backoff     uint8 // timeouts in a row without progress
	repeats     uint8 // segments sent again since the timeout, at most 2

	rtt RTT
}

// RTT returns the round trips of the direction's data.
func (d *Direction) RTT() *RTT { return &d.sender.rtt }

// MaxInFlight returns the most octets that were unacknowledged at once.
func (d *Direction) MaxInFlight() uint32 { return d.sender.inFlight }

// InitialWindow returns how many octets were sent before the first of them was
// acknowledged; SYNs are left out.
func (d *Direction) InitialWindow() uint32 { return d.sender.initial }

// resent remembers recent retransmissions, to learn later whether they were
// needed.
type resent struct {
	last [16]resending
	pos  uint8
}

type resending struct {
	seq, end fsm.Seq
	frame    fsm.Frame
	time     fsm.Time
	tsVal    uint32
	kept     int // index of the segment in Flow.Kept, or −1
	hasTS    bool
	settled  bool
}

// noteSent takes a segment with sequence numbers into account. For one that was
// sent before it returns the kind, the frame of the original (0 if none was
// captured) and how many timeouts in a row it makes.
func (f *Flow) noteSent(p *decode.Packet, from fsm.Side, g SegmentFacts, una fsm.Seq, hasUna bool) (kind Kind, original fsm.Frame) {
	s := &p.Segment
	w := &f.Dir[from].sender
	seq, end := s.Seq, s.End()
	now := p.Time
	if !g.Any(Facts(Retransmission, LateFill)) {
		if g.Has(OutOfOrder) {
			w.queue.insert(sent{seq: seq, end: end, frame: p.Frame, first: now, latest: now, tsVal: s.TSVal, ipID: p.IPID, times: 1})
		} else {
			w.queue.push(sent{seq: seq, end: end, frame: p.Frame, first: now, latest: now, tsVal: s.TSVal, ipID: p.IPID, times: 1})
		}
		w.lastSend = now
		if hasUna && s.Flags&fsm.SYN == 0 {
			w.inFlight = max(w.inFlight, uint32(end-una))
			if !w.initialDone && s.Len > 0 {
				w.initial = uint32(end - una)
			}
		}
		return KindUnknown, 0
	}
	i := w.queue.find(seq, end)
	var before *sent
	if i >= 0 {
		before = w.queue.at(i)
	} else if before = w.queue.acknowledged(seq, end); before != nil {
		una = before.seq // its ACK passed the tap, but its sender goes by what reached it
	}
	if before != nil && g.Has(Retransmission) {
		original = before.frame
	}
	kind = w.classify(s, before, i >= 0, una, now, f)
	f.Dir[from].Kinds[kind]++
	if kind == KindTimeout {
		f.Dir[from].TimeoutWait += now - max(w.lastSend, w.progress)
	}
	if i < 0 && before != nil {
		before.latest = now
		before.times++
	}
	for ; i >= 0 && i < w.queue.n && w.queue.at(i).seq.Before(end); i++ {
		e := w.queue.at(i)
		e.latest = now
		if e.times < 255 {
			e.times++
		}
	}
	if g.Has(LateFill) {
		w.queue.insert(sent{seq: seq, end: end, frame: p.Frame, first: now, latest: now, tsVal: s.TSVal, ipID: p.IPID, times: 2})
	} else if g.Has(PartlyResent) && w.queue.n > 0 {
		if last := w.queue.at(w.queue.n - 1); end.After(last.end) {
			w.queue.push(sent{seq: last.end, end: end, frame: p.Frame, first: now, latest: now, tsVal: s.TSVal, ipID: p.IPID, times: 2})
		}
	}
	w.lastSend = now
	w.remember(p, len(f.Timeline), f.keep)
	return kind, original
}

// repeatedBefore returns the retransmission that a segment was sent before,
// although it comes after it, or nil.
func (w *sender) repeatedBefore(s *fsm.Segment) *resending {
	if w.resent == nil || s.Opts&fsm.OptTimestamps == 0 {
		return nil
	}
	for i := range w.resent.last {
		r := &w.resent.last[i]
		if r.frame != 0 && r.hasTS && !r.seq.After(s.Seq) && !r.end.Before(s.End()) && int32(s.TSVal-r.tsVal) < 0 {
			return r
		}
	}
	return nil
}

func (w *sender) remember(p *decode.Packet, kept int, keeps bool) {
	if w.resent == nil {
		w.resent = &resent{}
	}
	if !keeps {
		kept = -1
	}
	s := &p.Segment
	w.resent.last[w.resent.pos] = resending{
		seq: s.Seq, end: s.End(), frame: p.Frame, time: p.Time, tsVal: s.TSVal,
		hasTS: s.Opts&fsm.OptTimestamps != 0, kept: kept,
	}
	w.resent.pos = (w.resent.pos + 1) % uint8(len(w.resent.last))
}

// classify decides why the segment was sent again. e is what it was sent as
// before, or nil where that is not known, and una what its sender has had
// acknowledged; outstanding says that no ACK of it has passed the tap.
func (w *sender) classify(s *fsm.Segment, e *sent, outstanding bool, una fsm.Seq, now fsm.Time, f *Flow) Kind {
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN:
		return KindSYN
	case fsm.SYN | fsm.ACK:
		return KindSYNACK
	}
	if e == nil {
		return w.classifyUnseen(s, now, f)
	}
	// The tap may sit near the receiver and see short round trips only; the
	// handshake shows the whole path.
	rto := max(w.rtt.RTO(), f.pathRTT()+leastRTO)
	// What the timer has waited. ACKs that passed the tap restart it only if they
	// reached the sender, and one that covered this segment did not.
	since, heard := e.latest, e.latest
	if outstanding {
		since, heard = max(e.latest, w.progress), w.heard
	}
	quiet := now - since
	tail := !w.top(s).After(s.End())
	atUna := !e.seq.After(una)

	// A receiver that acknowledged something sent later says that this is lost.
	sackedLater := false
	if t, any := w.queue.newestSacked(s.End()); any {
		sackedLater = t >= e.latest
	}
	expired := quiet >= rto*7/10 && now-heard >= rto/3
	switch {
	case w.phase == loss:
		w.repeats = 2
		if atUna && e.times > 1 && quiet >= rto*7/10 {
			w.timeout(w.top(s))
		}
		return KindTimeout
	case sackedLater && !(expired && atUna), w.dupACKs >= 3 && atUna && !expired:
		w.enter(recovery, s)
		return KindFast
	case w.phase == recovery && !expired:
		return KindFast
	case tail && !w.probed && w.phase == open && w.dupACKs == 0 && f.mayProbe() && now-w.lastSend >= min(2*w.rtt.Smoothed(), rto)*7/10:
		// With one segment out the probe comes when the timeout would, or soon
		// before; either way the first is a probe, and only the next a timeout.
		w.probed = true
		return KindProbe
	case expired || quiet >= rto*7/10:
		w.timeout(w.top(s))
		return KindTimeout
	case w.dupACKs > 0:
		w.enter(recovery, s) // early retransmit: fewer than three were to be had
		return KindFast
	case now-w.heard <= ackClock && now-e.latest > ackClock && w.queue.n > 0:
		w.enter(recovery, s) // an ACK just told the sender: what it had sent was thought lost
		return KindFast
	}
	return KindUnknown
}

// ackClock is how soon after an ACK a segment is sent because of it. Timers do
// not expire that near to one but by chance.
const ackClock = 2_000_000

// classifyUnseen decides the same for a segment of which nothing is outstanding:
// its original was not captured, or was acknowledged already. Only what lies
// above a hole that it fills tells something.
func (w *sender) classifyUnseen(s *fsm.Segment, now fsm.Time, f *Flow) Kind {
	e := w.queue.above(s.End())
	if e == nil {
		return KindUnknown
	}
	open := now - e.first // how long the hole was open
	if open >= (f.pathRTT() + leastRTO) {
		return KindTimeout
	}
	if e.sacked || w.dupACKs > 0 {
		return KindFast
	}
	return KindUnknown
}

// pathRTT returns the handshake's whole round trip, or 0 where it is not known.
func (f *Flow) pathRTT() fsm.Time {
	if f.SYN.Nth == 0 || f.FinalACK.Nth == 0 || f.SYNs[0]+f.SYNs[1] > 1 || f.SYNACKs[0]+f.SYNACKs[1] > 1 {
		return 0
	}
	return f.FinalACK.Time - f.SYN.Time
}

// mayProbe reports whether the two sides can use tail loss probes, which need
// SACK (RFC 8985 §7.1); where their SYNs were not captured they are thought to.
func (f *Flow) mayProbe() bool {
	return !f.agreed || f.Dir[0].Options.SACKPermitted && f.Dir[1].Options.SACKPermitted
}

// top returns the highest number outstanding, at least the end of s.
func (w *sender) top(s *fsm.Segment) fsm.Seq {
	if w.queue.n == 0 {
		return s.End()
	}
	return fsm.MaxSeq(s.End(), w.queue.at(w.queue.n-1).end)
}

func (w *sender) enter(p phase, s *fsm.Segment) {
	if w.phase == open {
		w.phase, w.until = p, w.top(s)
	}
}

func (w *sender) timeout(until fsm.Seq) {
	if w.phase != loss {
		w.phase, w.until, w.repeats = loss, until, 1
	}
	if w.backoff < 255 {
		w.backoff++
	}
}

// firstSending reports whether e, now acknowledged for the first time, was sent
// once only, and before recovery began.
func (w *sender) firstSending(e *sent) bool {
	return e.times == 1 && !e.sacked && e.end.AtOrBefore(w.until)
}

// noteAck takes an acknowledgment of the direction's data into account. It
// reports whether the ACK shows that a retransmission was needless, and of which.
func (f *Flow) noteAck(of fsm.Side, s *fsm.Segment, now fsm.Time, duplicate bool) (needless *resending) {
	w := &f.Dir[of].sender
	w.heard = now
	progress := false
	original, again := false, false // what it newly covers, sent once or more often
	for w.queue.n > 0 {
		e := w.queue.at(0)
		if !e.end.AtOrBefore(s.Ack) {
			break
		}
		if e.times == 1 && !e.sacked && (w.queue.n == 1 || !w.queue.at(1).end.AtOrBefore(s.Ack)) {
			w.rtt.add(now - e.first) // the newest that the ACK covers: its cause
		}
		original = original || w.firstSending(e)
		again = again || e.times > 1
		w.queue.pop()
		progress = true
	}
	if w.queue.n > 0 && w.queue.at(0).seq.Before(s.Ack) {
		w.queue.at(0).seq = s.Ack // a part of it
		progress = true
	}
	for _, b := range s.SACK[:s.NumSACK] {
		if b.To.AtOrBefore(s.Ack) {
			continue
		}
		for i := w.queue.find(b.From, b.To); i >= 0 && i < w.queue.n; i++ {
			e := w.queue.at(i)
			if e.seq.Before(b.From) {
				continue
			}
			if e.end.After(b.To) {
				break
			}
			original = original || w.firstSending(e)
			e.sacked = true
		}
	}
	if w.phase == loss && w.repeats == 1 && original && (f.mayProbe() || !again) {
		w.phase = open // the timeout was spurious, and the sender knows (RFC 5682)
	}
	switch {
	case progress:
		w.progress, w.dupACKs, w.backoff, w.probed = now, 0, 0, false
		w.initialDone = w.initial > 0
		if w.phase != open && s.Ack.AtOrAfter(w.until) {
			w.phase = open
		}
	case duplicate:
		w.dupACKs++
	}
	if w.resent != nil {
		needless = w.spurious(s, progress)
	}
	return needless
}

// needless looks whether an ACK proves a recent retransmission needless: it
// reports the octets as received twice (RFC 2883), or it echoes a timestamp older
// than the retransmission's, so it answers the original (RFC 3522).
func (w *sender) spurious(s *fsm.Segment, progress bool) *resending {
	dsack := s.NumSACK > 0 && (s.SACK[0].To.AtOrBefore(s.Ack) ||
		s.NumSACK > 1 && s.SACK[0].From.AtOrAfter(s.SACK[1].From) && s.SACK[0].To.AtOrBefore(s.SACK[1].To))
	for i := range w.resent.last {
		r := &w.resent.last[i]
		if r.frame == 0 || r.settled {
			continue
		}
		if dsack && !r.seq.Before(s.SACK[0].From) && !r.end.After(s.SACK[0].To) {
			r.settled = true
			return r
		}
		if progress && s.Ack.AtOrAfter(r.end) {
			if r.hasTS && s.Opts&fsm.OptTimestamps != 0 && int32(s.TSEcr-r.tsVal) < 0 {
				r.settled = true
				w.phase = open // the sender knows it too, and takes its recovery back
				return r
			}
		}
	}
	return nil
}
