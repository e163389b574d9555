package fsm

// received runs the receiver's machine for a segment on its way to side, in the
// RFC's order: RST, SYN, ACK, FIN (§3.10.7).
func (c *Conn) received(side Side, s *Segment) Meaning {
	c.arrives(side)
	switch y := &c.End[side]; {
	case y.unheard && s.Flags&FIN != 0:
		c.decide(side, NotDelivered)
		return 0
	case y.State == Closed || y.State == Listen:
		return c.receivedClosed(side, s)
	case y.State == SynSent:
		return c.receivedInSynSent(side, s)
	case s.Flags&RST != 0:
		return c.receivedRST(side, s)
	case s.Flags&SYN != 0 && !(y.State == SynReceived && s.Flags&ACK != 0):
		return c.receivedSYN(side, s)
	}
	return c.receivedOrdinary(side, s)
}

// receivedClosed is §3.10.7.1 and §3.10.7.2. An endpoint without a connection
// answers, and one that listens does: the answer is what can be seen.
func (c *Conn) receivedClosed(side Side, s *Segment) Meaning {
	y := &c.End[side]
	if y.gotRST && inventsEcho(s, y) {
		y.badAck, y.hasBadAck = s.Ack, true // in SYN-SENT it may answer this too
	}
	if s.Flags&(RST|ACK) == ACK {
		y.ignoredAck = c.at
		if s.Flags&FIN != 0 {
			y.ignoredFIN = c.at
		}
	}
	switch {
	case s.Flags&RST != 0:
		c.decide(side, ClosedRST)
	case s.Flags&ACK != 0:
		c.decide(side, ClosedACK)
	case s.Flags&SYN != 0:
		c.decide(side, ClosedSYN)
	default:
		c.decide(side, ClosedOther)
	}
	return 0
}

// receivedInSynSent is §3.10.7.3.
func (c *Conn) receivedInSynSent(side Side, s *Segment) Meaning {
	y := &c.End[side]
	acceptableAck := s.Flags&ACK != 0 && s.Ack.After(y.ISS) && s.Ack.AtOrBefore(y.Out.Top)
	switch {
	case acceptableAck:
		c.decide(side, SynSentAck)
	case s.Flags&ACK == 0:
		c.decide(side, SynSentNoAck)
	case s.Flags&RST != 0:
		c.decide(side, SynSentBadAckRST)
		return RSTBadAck
	default:
		c.decide(side, SynSentBadAck)
		y.badAck, y.hasBadAck = s.Ack, true
		if s.Flags&SYN != 0 {
			return SYNACKBadAck
		}
		return 0
	}
	if s.Flags&RST != 0 {
		if !acceptableAck {
			c.decide(side, SynSentRSTAlone)
			return RSTBadAck
		}
		c.decide(side, SynSentRefused)
		y.gotRST = c.receive(side, RecvRST, s, 0, false)
		y.rstTo = c.at
		return RSTRefuses
	}
	c.decide(side, SynSentNoRST)
	switch {
	case s.Flags&SYN != 0 && acceptableAck && y.presumed:
		c.decide(side, SynSentSYNACK) // whether anybody waits for it is not known
	case s.Flags&SYN != 0 && acceptableAck:
		c.decide(side, SynSentSYNACK)
		y.gotSYN = c.receive(side, RecvSYNACK, s, s.Seq+1, true)
	case s.Flags&SYN != 0:
		c.decide(side, SynSentSYN)
		y.gotSYN = c.receive(side, RecvSYN, s, s.Seq+1, true)
	case inventsEcho(s, y):
		c.decide(side, SynSentInventedEcho)
		y.badAck, y.hasBadAck = s.Ack, true
	default:
		c.decide(side, SynSentNeither)
	}
	return 0
}

// inventsEcho reports whether a segment echoes a timestamp that y, which has sent
// nothing but SYNs, never sent. Linux drops such a segment in SYN-SENT as if its
// acknowledgment were wrong: it ignores a RST, and answers anything else with one. In
// SYN-RECEIVED Linux 6.18 answers it with an ACK, and its acknowledgment does not count.
func inventsEcho(s *Segment, y *Endpoint) bool {
	return s.Echoes() && y.hasTS &&
		s.TSEcr-y.firstTS > y.tsVal-y.firstTS
}

// receivedSYN is the SYN check of §3.10.7.4 with RFC 5961 §4.2: whatever its
// number, a SYN draws a challenge ACK.
func (c *Conn) receivedSYN(side Side, s *Segment) Meaning {
	c.decide(side, NoRST)
	y, x := &c.End[side], &c.End[side.Peer()]
	if x.SentSYN && s.Seq == x.ISS {
		c.decide(side, SYNSame)
		return 0
	}
	c.decide(side, SYNOther)
	y.challenged = true
	return SYNInSync
}

// ExpectChallenge tells that a SYN which opens another connection passed towards side:
// its next pure ACK answers that.
func (c *Conn) ExpectChallenge(side Side) { c.End[side].challenged = true }

// receivedOrdinary is the rest of §3.10.7.4, for what carries neither RST nor, but
// for the SYN-ACK that crosses another, SYN.
func (c *Conn) receivedOrdinary(side Side, s *Segment) Meaning {
	y := &c.End[side]
	c.decide(side, NoRST)
	if s.Flags&SYN == 0 {
		c.decide(side, NoSYN)
	} else {
		c.decide(side, SYNCrosses)
	}
	if s.Flags&ACK == 0 {
		c.decide(side, NoACK)
		return 0
	}
	if y.State == SynReceived {
		if m := c.receivedAckOfSYN(side, s); m != 0 {
			return m
		}
	} else if c.Judgements != nil {
		c.judgeSequence(side, s)
	}
	if y.State.Synchronized() && y.hasAll(s) && y.State != TimeWait {
		c.ackOnRepetition(side, s)
		return 0
	}
	if y.unproved > 0 && c.Fresh > 0 {
		c.strengthen(side, s)
	}
	if y.SentFIN && !y.finAck && s.Ack.After(y.FinSeq) && s.Ack.AtOrBefore(y.Out.Top) {
		c.decide(side, AckOfFINTaken)
		y.finAck = c.receive(side, AckOfFIN, s, s.End(), c.Fresh > 0)
	}
	return c.receivedFIN(side, s)
}

// hasAll reports whether the endpoint has acknowledged all of a segment already. It
// cannot be acceptable then (RFC 9293 §3.10.7.4, Table 6): an ACK answers it, and
// nothing in it counts.
func (y *Endpoint) hasAll(s *Segment) bool {
	return y.HasAck && s.End().AtOrBefore(y.Acked) && (s.Space() > 0 || s.Seq.Before(y.Acked))
}

// ackOnRepetition is for a segment that its receiver has already. By Table 6 nothing in it
// counts and another ACK has to come; Linux 6.18 takes the latest segment once more, and with
// it an acknowledgment of the receiver's FIN (tcp_sequence holds its end against RCV.NXT and
// no more). Both may be, so nothing proves it.
func (c *Conn) ackOnRepetition(side Side, s *Segment) {
	y := &c.End[side]
	if !y.latestAcksFIN(s) {
		return
	}
	c.decide(side, AckOfFINTaken)
	y.finAck = c.apply(side, AckOfFIN, Received, c.at, 0)
}

// latestAcksFIN reports whether a segment of which y has all ends where y expects the next,
// and acknowledges y's FIN, as nothing that arrived before did.
func (y *Endpoint) latestAcksFIN(s *Segment) bool {
	return s.End() == y.Acked && y.SentFIN && !y.finAck && s.Ack.After(y.FinSeq) && s.Ack.AtOrBefore(y.Out.Top)
}

// receivedAckOfSYN is the ACK check of §3.10.7.4 in SYN-RECEIVED. Where processing
// ends with it, it says what the segment means.
func (c *Conn) receivedAckOfSYN(side Side, s *Segment) Meaning {
	y, x := &c.End[side], &c.End[side.Peer()]
	if s.Ack.AtOrBefore(y.ISS) || s.Ack.After(y.Out.Top) {
		c.decide(side, AckOfSYNBad)
		y.badAck, y.hasBadAck = s.Ack, true
		return HandshakeBadAck
	}
	if inventsEcho(s, y) {
		c.decide(side, AckOfSYNInventedEcho)
		y.badEcho = c.at.Nth
	} else {
		c.decide(side, AckOfSYNTaken)
	}
	if x.SentSYN && s.Flags&SYN == 0 {
		irs1, wnd := x.ISS+1, y.Window
		if x.offerCut || y.offerCut {
			wnd = unknownWindow
		}
		if s.Seq != irs1 && !acceptable(s.Seq, s.Space(), irs1, wnd) {
			c.decide(side, SeqHandshakeBad)
			y.challenged = true
			return HandshakeBadSeq
		}
		c.decide(side, SeqHandshake)
	} else {
		c.decide(side, SeqHandshakeSkip)
	}
	y.synAck = c.receive(side, AckOfSYN, s, s.End(), c.Fresh > 0)
	return 0
}

// receivedFIN is the FIN check, the eighth of §3.10.7.4. A FIN counts when
// everything before it has passed: when it comes, or the data that fills the hole
// before one.
func (c *Conn) receivedFIN(side Side, s *Segment) Meaning {
	y, x := &c.End[side], &c.End[side.Peer()]
	fin := s.Flags&FIN != 0
	complete := x.SentFIN && x.Out.Edge.After(x.FinSeq)
	switch {
	case complete && !y.gotFIN && fin:
		c.decide(side, FINTaken)
		y.gotFIN = c.receive(side, RecvFIN, s, x.FinSeq+1, true)
	case complete && !y.gotFIN && c.Fresh > 0:
		c.decide(side, FINFilled)
		y.gotFIN = c.receive(side, RecvFIN, s, x.FinSeq+1, true)
	case complete && fin && y.State == TimeWait:
		c.decide(side, FINRestarts)
		y.timeWait = c.at.Time + TwoMSL(c.MSL)
		return TimeWaitRestart
	case complete && fin:
		c.decide(side, FINRepeated)
	case fin:
		c.decide(side, FINBehindHole)
	default:
		c.decide(side, NoFIN)
	}
	return 0
}

// receivedRST is the RST check of §3.10.7.4 with RFC 5961 §3: only a RST at
// exactly RCV.NXT ends the connection. That number is known within bounds.
func (c *Conn) receivedRST(side Side, s *Segment) Meaning {
	y := &c.End[side]
	if y.State == TimeWait && y.heedsNoRST {
		c.decide(side, RSTUnheeded)
		return 0
	}
	if d := c.exactRST(side, s); d != noDecision {
		c.decide(side, d)
		m := RSTExact
		if y.State == TimeWait {
			m |= TimeWaitKilled
		}
		y.gotRST = c.receive(side, RecvRST, s, 0, false)
		y.rstTo = c.at
		if d == RSTBetween {
			m = m&^RSTExact | RSTPerhapsExact
		}
		return m
	}
	first := c.End[side.Peer()].Out.Edge
	if y.HasAck {
		first = y.Acked
	}
	wnd, known := y.window(first)
	if !known {
		wnd = unknownWindow
	}
	if s.Seq.In(first, wnd) {
		c.decide(side, RSTInside)
		y.challenged = true
		return RSTInWindow
	}
	c.decide(side, RSTOut)
	return RSTOutside
}

// exactRST returns which of the numbers that side may be expecting a RST has, or
// noDecision if it has none.
func (c *Conn) exactRST(side Side, s *Segment) Decision {
	y, x := &c.End[side], &c.End[side.Peer()]
	switch {
	case !x.Out.Started():
		return RSTNothingKnown
	case s.Seq == x.Out.Edge:
		return RSTNext
	case y.HasAck && s.Seq == y.Acked:
		return RSTAcked
	case x.hasAhead && s.Seq == x.ahead: // its own ACK says that it expects this number
		return RSTAhead
	case y.hasSACK && s.Seq == y.sackTop: // Linux takes the right edge of what it has selectively acknowledged
		return RSTSelective
	case c.betweenAckAndEdge(side, s.Seq):
		return RSTBetween
	}
	return noDecision
}

// betweenAckAndEdge reports whether side may be expecting a number: it has acknowledged
// what lies before, and what passed on its way to it without a hole goes further. Whether
// that arrived, and where the latest that did ends, only its answer tells.
func (c *Conn) betweenAckAndEdge(side Side, n Seq) bool {
	y, x := &c.End[side], &c.End[side.Peer()]
	switch {
	case !n.Before(x.Out.Edge):
		return false
	case y.HasAck:
		return n.After(y.Acked)
	}
	return x.SentSYN && n.After(x.ISS)
}

// unknownWindow stands in for a window whose scale was never seen.
const unknownWindow = 1 << 20
