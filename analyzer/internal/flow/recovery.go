package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// classify decides why the segment was retransmitted. e is what it was sent as
// before, or nil where that is not known, and una what its sender has had
// acknowledged; outstanding says that no ACK of it has passed the tap.
func (f *Flow) classify(o *observation, e *sent, outstanding bool, una fsm.Seq) Kind {
	s, w, now := o.s, &o.d.sender, o.p.Time
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN:
		return KindSYN
	case fsm.SYN | fsm.ACK:
		return KindSYNACK
	}
	if w.resentSmaller(o, e) {
		return KindPathMTU
	}
	if f.Untimed {
		return KindUnknown // timers tell the kinds apart
	}
	if e == nil {
		return w.classifyUnseen(s, now, f)
	}
	if f.fallsBack(o, e) {
		return KindFastOpenFallback
	}
	return f.classifyByState(o, e, outstanding, una)
}

// classifyByState decides from where its sender stood: the timers, the loss recovery under
// way, and what ACKs had told it.
func (f *Flow) classifyByState(o *observation, e *sent, outstanding bool, una fsm.Seq) Kind {
	s, w, now := o.s, &o.d.sender, o.p.Time
	t := f.timing(o, e, outstanding)
	atUna := !e.seq.After(una)
	// No timer explains what its sender had the ACK of.
	timed := outstanding || now-e.latest <= longestRTO && !f.nearSender(o.from)
	switch {
	case w.phase == loss:
		w.repeats = 2
		if atUna && (e.times > 1 && t.due || t.expired) {
			w.timeout(w.top(s))
			return KindTimeout
		}
		return KindAfterTimeout
	case !t.expired && (w.phase == smaller || e.times == 1 && f.isCutSmaller(s, e)):
		w.enter(smaller, s)
		return KindPathMTU
	case w.lostBySACK(s, e) && !(t.expired && atUna), w.dupACKs >= 3 && atUna && !t.expired:
		w.enter(recovery, s)
		return KindFast
	case w.phase == recovery && !t.expired:
		return KindFast
	case timed && f.probesTail(w, s, now, t.rto):
		w.probed, w.probedTo = true, w.top(s)
		return KindProbe
	case timed && (t.expired || t.due):
		w.timeout(w.top(s))
		return KindTimeout
	}
	return w.classifyByACKs(s, e, now)
}

// classifyByACKs is left where neither a timer nor recovery explains a retransmission.
func (w *sender) classifyByACKs(s *fsm.Segment, e *sent, now fsm.Time) Kind {
	switch {
	case w.dupACKs > 0:
		w.enter(recovery, s) // early retransmit: fewer than three were to be had
		return KindFast
	case now-w.heard <= ackClock && now-e.latest > ackClock && w.queue.n > 0:
		w.enter(recovery, s) // an ACK just told the sender: what it had sent was thought lost
		return KindFast
	}
	return KindUnknown
}

// fallsBack reports whether the segment brings the data of its sender's SYN, which the
// SYN-ACK left out and the sender so sends again at once. e is what it was sent as before.
func (f *Flow) fallsBack(o *observation, e *sent) bool {
	synAck := f.SYNACK.Time
	return o.x.FastOpen && o.from == fsm.Client && f.SYNACK.Nth != 0 && o.s.Seq.Before(o.x.SYNEnd()) &&
		(e.latest <= synAck || o.p.Time-e.latest <= ackClock) && o.p.Time-synAck < max(f.PathRTT()+leastRTO, leastRTO)
}

// isCutSmaller reports whether a segment repeats only the first part of one that was no
// larger than the path was thought to take: its sender has learned of a smaller MTU. A
// larger one was captured before the network card cut it, and its parts say nothing.
func (f *Flow) isCutSmaller(s *fsm.Segment, e *sent) bool {
	mss := min(f.Dir[0].Options.MSS, f.Dir[1].Options.MSS)
	size := e.end.Minus(e.seq)
	const options = 40 // SACK blocks of its own take room from a segment's data, which is no smaller MTU
	return s.Seq == e.seq && s.Len > 0 && int32(s.Len)+options < size && size <= int32(mss) && f.agreed
}

// timing is where a sender's retransmission timer stands for one segment.
type timing struct {
	rto     fsm.Time
	due     bool // it has run for about as long as the timeout
	expired bool // and no ACK came just before, which would have restarted it
}

func (f *Flow) timing(o *observation, e *sent, outstanding bool) timing {
	w, now := &o.d.sender, o.p.Time
	// The tap may sit near the receiver and see short round trips only; the
	// handshake shows the whole path.
	t := timing{rto: max(w.rtt.RTO(), f.PathRTT()+leastRTO)}
	// What the timer has waited. ACKs that passed the tap restart it only if they
	// reached the sender, and one that covered this segment did not.
	since, heard := e.latest, e.latest
	if outstanding {
		since, heard = max(e.latest, w.progress), w.heard
	}
	since = max(since, o.r.openedAt().Time) // a closed window stops the timer (RFC 9293 §3.8.6.1)
	t.due = now-since >= t.rto*7/10
	t.expired = t.due && now-heard >= t.rto/3
	return t
}

// lostBySACK reports whether a receiver acknowledged something that was sent later,
// which says that this is lost.
func (w *sender) lostBySACK(s *fsm.Segment, e *sent) bool {
	return w.queue.sackedSince(s.End(), e.latest)
}

// probesTail reports whether the retransmission is a tail loss probe. With one segment
// out the probe comes when the timeout would, or soon before; either way the first is a
// probe, and only the next a timeout.
func (f *Flow) probesTail(w *sender, s *fsm.Segment, now, rto fsm.Time) bool {
	tail := !w.top(s).After(s.End())
	quiet := now - w.lastSend
	return tail && !w.probed && w.phase == open && w.dupACKs == 0 && f.mayProbe() && quiet >= min(2*w.rtt.Smoothed(), rto)*7/10 && quiet <= latestProbe(rto)
}

// latestProbe is how long after the latest segment a tail loss probe can still be
// sent: its timer never exceeds the retransmission timeout, which is a second while
// the round trip is unknown (RFC 8985 §7.2, RFC 6298 §2.1); twice that allows for
// what the tap does not know of it.
func latestProbe(rto fsm.Time) fsm.Time { return 2 * max(rto, fsm.Second) }

// longestRTO is more than any sender waits before it repeats itself (Linux: TCP_RTO_MAX is
// 2 minutes).
const longestRTO = 130 * fsm.Second

// nearSender reports whether the handshake shows that the tap is near a side: nearly all of
// the round trip lay beyond the other. What passes the tap towards the side reaches it then.
func (f *Flow) nearSender(side fsm.Side) bool {
	if f.PathRTT() < 1_000_000 || f.SYNACK.Nth == 0 {
		return false
	}
	beyond, near := f.halves(side)
	return near*10 < beyond
}

// halves returns how much of the handshake's round trip lay beyond the tap for a side, and
// how much between the two.
func (f *Flow) halves(side fsm.Side) (beyond, near fsm.Time) {
	server, client := f.SYNACK.Time-f.SYN.Time, f.FinalACK.Time-f.SYNACK.Time
	if side == fsm.Server {
		return client, server
	}
	return server, client
}

// ackClock is how soon after an ACK a segment is sent because of it. Timers do
// not expire that near to one except by coincidence.
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
	if open >= (f.PathRTT() + leastRTO) {
		return KindTimeout
	}
	switch {
	case w.blocksCut && (w.dupACKs > 0 || w.phase == recovery):
		// What the receiver selectively acknowledged is unknown: recovery goes on
		// until all that was out is acknowledged.
		w.enter(recovery, s)
		return KindFast
	case e.sacked || w.dupACKs > 0:
		return KindFast
	}
	return KindUnknown
}

// PathRTT returns the handshake's whole round trip, or 0 where it is not known. The time
// between two SYN-ACKs is none of it.
func (f *Flow) PathRTT() fsm.Time {
	if f.SYN.Nth == 0 || f.FinalACK.Nth == 0 || f.SYNs[0]+f.SYNs[1] > 1 {
		return 0
	}
	return f.FinalACK.Time - f.SYN.Time - f.synAcksApart
}

// mayProbe reports whether the two sides can use tail loss probes, which need
// SACK (RFC 8985 §7.1); where their SYNs were not captured that far they are thought to.
func (f *Flow) mayProbe() bool {
	return !f.agreed || !f.Dir[0].lacks(fsm.OptSACKPermitted) && !f.Dir[1].lacks(fsm.OptSACKPermitted)
}

// top returns the highest number outstanding, at least the end of s.
func (w *sender) top(s *fsm.Segment) fsm.Seq {
	if w.queue.n == 0 {
		return s.End()
	}
	return fsm.MaxSeq(s.End(), w.queue.last().end)
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
