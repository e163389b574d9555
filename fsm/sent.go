package fsm

import "slices"

// sent runs the sender's machine. What an endpoint sends is certain, and it also
// tells what the endpoint had received by then: that settles, one way or the
// other, what was provisional about it.
func (c *Conn) sent(side Side, s *Segment) Meaning {
	switch {
	case s.Flags&RST != 0:
		return c.sentRST(side, s)
	case s.Flags&(SYN|ACK) == SYN:
		return c.sentSYN(side, s)
	case s.Flags&SYN != 0:
		return c.sentSYNACK(side, s)
	}
	return c.sentOrdinary(side, s)
}

func (c *Conn) sentSYN(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	var m Meaning
	switch {
	case !x.SentSYN && x.State == Closed:
		c.openWith(x, s)
		c.apply(side, SendSYN, Sent, c.at, c.at.Frame)
		if y.SentSYN {
			m |= SYNCrossed
		}
	case x.SentSYN && s.Seq == x.ISS && !x.synOptions:
		c.adoptSYN(side, s)
	case x.SentSYN && s.Seq == x.ISS:
		// It still waits for an answer: whatever answer passed did not arrive.
		x.Syn = c.at
		m |= SYNAgain | c.takeBack(side, RecvRST) | c.takeBack(side, RecvSYNACK) | c.takeBack(side, RecvSYN)
	default:
		x.otherISS, x.otherSyn = s.Seq, c.at
		return SYNInSync
	}
	m |= c.advance(x, y, s)
	return m | c.sentFINToo(side, s)
}

// openWith takes over the initial number and the options of a SYN.
func (c *Conn) openWith(e *Endpoint, s *Segment) {
	if early := e.Out.Edge.Minus(s.Seq); e.SentSYN || !e.Out.Started() || early < 0 || early > maxEarly {
		e.Out.Restart(s.Seq)
	}
	e.SentSYN, e.ISS, e.Syn = true, s.Seq, c.at
	e.FastOpen, e.refused, e.synEnd = s.Len > 0, false, s.End()
	e.noteOffer(s)
}

// noteOffer keeps what a SYN says of the window scale.
func (e *Endpoint) noteOffer(s *Segment) {
	e.synOptions = true
	e.hasOffer = s.Opts&OptWindowScale != 0
	e.offerCut = s.Opts&OptCut != 0 && !e.hasOffer
	e.offered = min(s.WindowScale, 14) // RFC 7323 §2.3
	if e.mss = s.MSS; s.Opts&OptMSS == 0 {
		e.mss = 536 // RFC 9293 §3.7.1
	}
}

// maxEarly is how many octets may pass before their SYN-ACK does, as they can when
// it is lost and the client used Fast Open: they belong to the same stream.
const maxEarly = 1 << 20

// agreeScale fixes the window scale once both SYNs are known: it holds only if
// both offered it (RFC 7323 §2.2). An offer that was cut off leaves it open, unless
// the other side surely made none.
func (c *Conn) agreeScale() {
	a, b := &c.End[Client], &c.End[Server]
	if !a.synOptions || !b.synOptions {
		return
	}
	open := a.offerCut && (b.hasOffer || b.offerCut) || b.offerCut && a.hasOffer
	a.ScaleKnown, b.ScaleKnown = !open, !open
	a.Scale, b.Scale = 0, 0
	if a.hasOffer && b.hasOffer {
		a.Scale, b.Scale = a.offered, b.offered
	}
}

func (c *Conn) sentSYNACK(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	var m Meaning
	if x.State == Listen && s.Seq == x.ISS {
		m |= c.takeBack(side, RecvRST) // the RST that was to end SYN-RECEIVED did not arrive
	}
	switch {
	case !x.SentSYN && x.State == Closed || x.State == Listen:
		m |= c.answersSYN(side, s)
	case s.Seq == x.ISS && x.State == SynSent && !y.SentSYN:
		return SYNACKUninvited
	case s.Seq == x.ISS && x.State == SynSent && y.SentSYN:
		// Both opened: it answers the peer's SYN.
		x.gotSYN = true
		c.imply(side, RecvSYN, y.Syn)
	case s.Seq == x.ISS && c.provisional(side, RecvSYN) >= 0:
		c.proveEvent(side, RecvSYN)
	case s.Seq == x.ISS && y.SentSYN && c.provisional(side, RecvSYNACK) >= 0:
		// Both opened, and the peer's SYN-ACK crossed this one: only the SYN had
		// arrived when this was sent. The peer's SYN-ACK is still on its way.
		t := c.Transitions[c.provisional(side, RecvSYNACK)]
		crossing := Stamp{t.Time, t.Frame, t.Nth}
		m |= c.takeBack(side, RecvSYNACK)
		x.gotSYN = c.imply(side, RecvSYN, y.Syn)
		x.synAck = c.apply(side, AckOfSYN, Received, crossing, 0)
	case x.SentSYN && s.Seq == x.ISS:
		// It still waits for the ACK of its SYN: the one that passed was lost, or is on its way.
		x.Syn = c.at
		m |= SYNACKAgain
		if !c.synACKCrosses(side) {
			m |= c.takeBack(side, RecvFIN) | c.takeBack(side, AckOfSYN)
		}
	case x.State == SynReceived:
		x.earlier, x.hasEarlier = x.opening(), true
		c.openWith(x, s)
		m |= SYNACKChanged
	default:
		return SYNInSync
	}
	y.refused = s.Ack == y.ISS+1
	y.forgetFIN(s)
	c.agreeScale()
	m |= c.advance(x, y, s)
	return m | c.sentFINToo(side, s)
}

// answersSYN is for the SYN-ACK of an endpoint that listened.
func (c *Conn) answersSYN(side Side, s *Segment) (m Meaning) {
	x, y := &c.End[side], &c.End[side.Peer()]
	again := x.State == Listen
	c.proveEvent(side, RecvRST) // it listens again
	c.openWith(x, s)
	x.Passive = true
	if !y.SentSYN {
		c.assumeSYN(side.Peer(), s.Ack-1)
		m = Joined
	}
	x.gotSYN = true
	cause := y.Syn
	if y.otherSyn.Nth != 0 && s.Ack == y.otherISS+1 {
		cause = y.otherSyn
	}
	if again && cause.Nth < x.rstTo.Nth {
		cause = Stamp{} // that SYN led to the state which the RST ended: another was not captured
	}
	c.listened(side, cause)
	c.imply(side, RecvSYN, cause)
	return m
}

// listened puts a closed endpoint that turns out to have answered a SYN into
// LISTEN. It was there before the capture showed it, which is no transition; only
// if it had been seen in other states it must have opened anew.
func (c *Conn) listened(side Side, syn Stamp) {
	e := &c.End[side]
	seen := slices.ContainsFunc(c.Transitions, func(t Transition) bool { return t.Side == side })
	if seen && e.State == Closed {
		if syn.Frame == 0 {
			syn = c.at
		}
		c.apply(side, PassiveOpen, Assumed, Stamp{Time: syn.Time, Nth: syn.Nth}, c.at.Frame)
	}
	e.State = Listen
}

// assumeSYN records a SYN that the peer's SYN-ACK proves but nobody captured.
func (c *Conn) assumeSYN(side Side, iss Seq) {
	e := &c.End[side]
	e.SentSYN, e.ISS, e.synEnd, e.presumed = true, iss, iss+1, !e.Seen
	e.Out.Start(iss + 1)
	c.apply(side, SendSYN, Assumed, Stamp{Time: c.at.Time, Nth: c.at.Nth}, c.at.Frame)
}

// adoptSYN takes a SYN that was captured behind the SYN-ACK answering it: what
// was assumed of it is now seen.
func (c *Conn) adoptSYN(side Side, s *Segment) {
	x := &c.End[side]
	x.Syn = c.at
	x.noteOffer(s)
	c.agreeScale()
	if y := &c.End[side.Peer()]; x.presumed && x.State == SynSent && y.State == SynReceived {
		x.gotSYN = c.apply(side, RecvSYNACK, Received, y.Syn, 0)
		t := &c.Transitions[len(c.Transitions)-1]
		t.provenAck, t.proofBy = y.ISS+1, proofByAck
	}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Cause != Assumed {
			continue
		}
		if t.Side == side && t.Event == SendSYN {
			t.Cause, t.Frame, t.Proof = Sent, c.at.Frame, c.at.Frame
			c.Judgements.stands(t.Side, t.Frame, t.Event)
		} else if t.Side != side && t.Event == RecvSYN {
			t.Cause, t.Frame = Received, c.at.Frame
			c.Judgements.stands(t.Side, t.Frame, t.Event)
		}
	}
}

func (c *Conn) sentRST(side Side, s *Segment) Meaning {
	x, peer := &c.End[side], &c.End[side.Peer()].Out
	x.lastRST, x.rstSeq, x.topAtRST = c.at, s.Seq, x.Out.Top
	x.peerTopAtRST, x.peerAtRST = peer.Top, peer.started
	x.rstTS, x.rstHasTS = s.TSVal, s.Opts&OptTimestamps != 0
	c.resetWaits(side)
	withAck := s.Flags&ACK != 0
	var m Meaning
	if withAck {
		m = c.abortAck(side, s)
		c.prove(side, s)
	} else if !x.Seen && c.disown(side) {
		return RSTNoConnection | StateChanged
	}
	unacceptable := !withAck && x.hasBadAck && s.Seq == x.badAck
	if unacceptable && (x.State == SynSent || x.State == SynReceived || x.State == Closed && c.provisional(side, RecvRST) >= 0) {
		x.hasBadAck = false
		return RSTAnswers
	}
	if !withAck {
		m |= c.metNoRST(side) | c.metClosed(side, s)
		if x.State != TimeWait {
			m |= c.metNobody(side, s)
		}
	}
	if x.State == TimeWait {
		m |= c.resetForTimeWait(side, s, withAck)
	}
	if withAck && x.State == Closed && s.Seq.In(x.Out.Top, unknownWindow) {
		// An answer to an ACK leaves the ACK out, so this is an abort: what was to
		// close the endpoint had not arrived.
		m |= c.takeBack(side, RecvRST) | c.takeBack(side, AckOfFIN)
	}
	if x.State == Closed {
		c.provedClosed(side, s)
		return m | RSTNoConnection
	}
	x.sentRST = c.apply(side, SendRST, Sent, c.at, c.at.Frame)
	x.aborted = withAck || s.Seq != x.FinSeq+1 && peer.Top.After(c.End[side.Peer()].synEnd)
	x.rstDoubted = c.guessed(side, s)
	return m | RSTSent
}

// provedClosed is for a RST of an endpoint in CLOSED: the answer of one without a connection shows that
// it is closed. Nothing answers a RST, so what follows the refusal of a SYN is no such answer.
func (c *Conn) provedClosed(side Side, s *Segment) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if refusal := x.SentSYN && !y.SentSYN && x.rstTo.Nth == c.at.Nth-1; !refusal {
		c.proveEvent(side, RecvRST)
	}
	if i := c.provisional(side, AckOfFIN); i >= 0 && c.Transitions[i].To == Closed {
		c.settle(side, &c.Transitions[i]) // something else than a RST closed it
	}
	if s.Flags&ACK == 0 && y.HasAck && s.Seq == y.Acked {
		x.rstDoubted = false
	}
}

// abortAck uses the acknowledgment on a RST, which is RCV.NXT as on any other segment: it
// tells whether side had the peer's FIN, and with that what arrives in the same segment.
func (c *Conn) abortAck(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	if !y.SentFIN || !x.State.Synchronized() {
		return 0
	}
	fin := Frame(0)
	if i := c.provisional(side, RecvFIN); i >= 0 {
		fin = c.Transitions[i].Frame
	}
	m := c.settleFIN(side, s)
	if i := c.provisional(side, AckOfFIN); i >= 0 && !x.gotFIN && c.Transitions[i].Frame == fin {
		m |= c.takeBack(side, AckOfFIN)
	}
	return m
}

// guessed reports whether side had no reason to give a RST the number that it has: it is
// not the next that side sends, nor one that the peer has acknowledged up to. Somebody
// else may have sent it, or the capture lacks what lies before.
func (c *Conn) guessed(side Side, s *Segment) bool {
	x, y := &c.End[side], &c.End[side.Peer()]
	switch {
	case !x.Seen, s.Seq == x.Out.Top, s.Seq == x.Out.Edge, x.hasAhead && s.Seq == x.ahead:
		return false
	case x.beyondAt.Nth != 0 && s.Seq == x.beyond:
		return false
	}
	return s.Flags&ACK != 0 || !y.HasAck || s.Seq.After(y.Acked)
}

// resetForTimeWait is for a RST of a side that should be in TIME-WAIT.
func (c *Conn) resetForTimeWait(side Side, s *Segment, withAck bool) Meaning {
	i := c.provisional(side, RecvFIN)
	if i < 0 {
		return RSTInTimeWait
	}
	// Nothing of the segment with the FIN was processed.
	met := c.Transitions[i].Frame
	m := RSTForLastACK | c.takeBack(side, RecvFIN)
	// With data missing before that FIN there was a socket yet: Linux 6.18 goes on to FIN-WAIT-2 before
	// it minds the data, if the RST, by its number, answers this segment and not one before.
	x, y := &c.End[side], &c.End[side.Peer()]
	missing := x.HasAck && x.Acked.Before(y.FinSeq) && s.Seq.After(x.FinSeq)
	if i := c.provisional(side, AckOfFIN); i >= 0 && c.Transitions[i].Frame == met && !withAck && !missing {
		m |= c.takeBack(side, AckOfFIN)
	}
	return m
}

// disown withdraws all that was assumed of an endpoint whose first segment is the
// RST of one without a connection: there was none. It reports whether there was
// anything to withdraw.
func (c *Conn) disown(side Side) bool {
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Side == side {
			if t.Cause != Assumed {
				return false
			}
			c.rewind(side, i)
			return true
		}
	}
	return false
}

func (c *Conn) sentOrdinary(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	finAgain := s.Flags&FIN != 0 && x.SentFIN && s.FinSeq() == x.FinSeq
	withAck := finAgain && c.acksFINAtOnce(side, s)
	m, later := c.reopen(side, s, finAgain && !withAck)
	if y.hasEarlier && s.Flags&ACK != 0 {
		c.chooseOpening(side, s)
	}
	if y.opensFast() && x.unproved > 0 && echoesOlder(s, y) {
		m |= c.takeBack(side, AckOfSYN) // the ACK that passed had not arrived yet
	}
	if x.badEcho != 0 {
		m |= c.settleBadEcho(side, s)
	}
	if x.State == Closed {
		if x.Seen {
			m |= DataWhileClosed
		}
		return m | c.advance(x, y, s)
	}
	if s.Flags&ACK != 0 {
		m |= c.settleByAck(side, s)
	}
	c.weighWaiting(side, s)
	if s.Len > 0 && x.SentFIN && s.Seq.Add(s.Len).After(x.FinSeq) && !x.probesAtFIN(y, s) {
		m |= DataAfterFIN
	}
	m |= c.advance(x, y, s)
	switch {
	case withAck:
		m |= FINWithAck
		x.noteFIN(s, c.at)
	case finAgain:
		m |= FINAgain | c.repeatFIN(side)
		x.noteFIN(s, c.at)
	default:
		m |= c.sentFINToo(side, s)
	}
	if x.challenged {
		x.challenged = false
		if s.Flags&(ACK|SYN|FIN) == ACK && s.Len == 0 {
			m |= ChallengeACK
		}
	}
	c.rearm(side, later)
	return m
}

// settleBadEcho is for a sender whose SYN was acknowledged with an echo of a timestamp
// that it never sent: if the next that it sends is a bare ACK of nothing but the peer's
// SYN, it refused that segment.
func (c *Conn) settleBadEcho(side Side, s *Segment) (m Meaning) {
	x, y := &c.End[side], &c.End[side.Peer()]
	i := c.provisional(side, AckOfSYN)
	if i >= 0 && c.Transitions[i].Nth == x.badEcho && s.Flags&(ACK|SYN|FIN) == ACK && s.Len == 0 && s.Ack == y.ISS+1 {
		m = c.takeBack(side, AckOfSYN)
		x.challenged = true
	}
	x.badEcho = 0
	return m
}

// probesAtFIN reports whether a segment of x with one byte is a keepalive probe
// (RFC 9293 §3.8.4): it sits one below the next number, which is that of a FIN that the
// peer y has acknowledged. Its byte may be anything, and nobody takes it.
func (x *Endpoint) probesAtFIN(y *Endpoint, s *Segment) bool {
	return s.Len == 1 && s.Seq == x.FinSeq && s.Flags&(PSH|FIN) == 0 && y.HasAck && y.Acked == x.FinSeq+1
}

// reopen corrects what was thought to have closed an endpoint that sends an
// ordinary segment. later is the event that closes it all the same, behind the segment:
// it sent that before a RST of its own, or a RST that it had not received may arrive still.
// catchUp is for a side that a RST did not close after all: what passed on its way to it
// since, and was ignored, may have arrived.
// provenByAck lets an acknowledgment of y's FIN prove the latest transition, if the
// segment with that caused it.
// rearm lets a RST close side after all, behind the segment that it has just sent.
// challenges reports whether the segment that x sends is the challenge ACK for the
// latest RST of the peer y: it repeats what x acknowledged last, while what passed
// between that and the RST's number would have made an earlier ACK acknowledge more, or
// report it in a SACK block. So that was lost, and the RST lies beyond RCV.NXT.
// past reports whether the segment that x sends shows it past the latest RST of
// the peer y: it acknowledges a SYN-ACK that came later, or octets behind the
// RST's number. That RST can no longer end anything.
// echoesOlder reports whether a segment echoes a timestamp older than the newest
// that the peer sent: the peer's latest had not arrived when it was made.
func echoesOlder(s *Segment, peer *Endpoint) bool {
	return s.Echoes() && peer.hasTS && int32(s.TSEcr-peer.tsVal) < 0
}

// sentFINToo handles the FIN that a segment carries for the first time.
func (c *Conn) sentFINToo(side Side, s *Segment) Meaning {
	x := &c.End[side]
	if s.Flags&FIN == 0 {
		return 0
	}
	if x.SentFIN {
		if s.FinSeq() != x.FinSeq {
			return FINMoved
		}
		return 0
	}
	x.SentFIN, x.FinSeq, x.fins = true, s.FinSeq(), 1
	x.noteFIN(s, c.at)
	if x.beyondAt.Nth != 0 && x.beyond == x.FinSeq+1 && c.at.Time-x.beyondAt.Time > c.InFlight {
		// An ACK of it that sits behind the FIN was captured long before: the FIN
		// had been sent by then, and this one repeats it.
		c.waitsNot(side)
		later := c.rewind(side, c.settledAt(side, x.beyondAt, c.End[side.Peer()].fins < 2))
		if c.apply(side, SendFIN, Assumed, x.beyondAt, c.at.Frame) {
			c.Judgements.shows(Shown, side, SendFIN, x.beyondAt.Frame, c.at.Frame)
		}
		c.replay(side, later)
		return 0
	}
	proof := c.at.Frame
	if c.finWaited(side) {
		proof = 0
	}
	c.apply(side, SendFIN, Sent, c.at, proof)
	return 0
}

// settledAt returns the index of side's first transition that happened at the
// segment or, if proved is set, was proved by it. The first answer to the peer's
// FIN leaves at once, so what lies before it was sent before the FIN came; when
// the peer had to repeat its FIN, the first answer is what was lost.
func (c *Conn) settledAt(side Side, at Stamp, proved bool) int {
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Side == side && (t.Nth >= at.Nth || proved && t.Proof == at.Frame) {
			return i
		}
	}
	return len(c.Transitions)
}

// assumeSYNACK fills in the SYN-ACK that side's ACK answers when nothing of the
// peer is captured.
func (c *Conn) assumeSYNACK(side Side, s *Segment) {
	x, y := &c.End[side], &c.End[side.Peer()]
	y.SentSYN, y.ISS, y.synEnd, y.Passive = true, s.Ack-1, s.Ack, true
	y.Out.Start(s.Ack)
	y.gotSYN, x.gotSYN = true, true
	c.listened(side.Peer(), x.Syn)
	c.imply(side.Peer(), RecvSYN, x.Syn)
	c.imply(side, RecvSYNACK, Stamp{})
}

// joinMidway takes up an endpoint whose handshake was not captured.
func (c *Conn) joinMidway(side Side, s *Segment) {
	at := c.at
	if s == nil {
		at.Frame = 0
	}
	c.End[side].joined = c.apply(side, JoinedMidway, Assumed, at, c.at.Frame)
}

// continuesAfterRST handles an ordinary segment from an endpoint that sent a RST:
// either it was sent before the RST and captured behind it, or the RST was not its own.
// unprove takes back what a RST that was not side's own proved of it. A FIN of side that
// does not acknowledge the peer's was sent before that came.
// sentAfterRST reports whether a segment of x must have been sent after x's RST. A RST
// carries the next number to be sent, so data beyond that came later; and so did what
// acknowledges numbers that its peer sent after the RST, or has a newer timestamp than that.
// sentBeforeRST reports whether the timestamp of a segment of x is older than one that
// passed before it.
// fillsToRST reports whether a segment of x takes numbers that had not passed when its RST
// did, and that the RST's number leaves room for: the RST may have overtaken it, or been
// put between by somebody else who guessed too high.
