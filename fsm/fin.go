package fsm

// sentFIN is one sending of a FIN: a segment arrives whole or not.
type sentFIN struct {
	at     Stamp
	ack    Seq    // acknowledgment on it, with hasAck
	ts     uint32 // its TSval, with hasTS
	hasAck bool
	hasTS  bool
}

// noteFIN keeps the segment with the endpoint's FIN, and what else arrives with it.
func (x *Endpoint) noteFIN(s *Segment, at Stamp) {
	x.lastFIN = sentFIN{at, s.Ack, s.TSVal, s.Flags&ACK != 0, s.Opts&OptTimestamps != 0}
	if x.firstFIN.at.Nth == 0 {
		x.firstFIN = x.lastFIN
	}
}

// forgetFIN is for an endpoint whose SYN carried a FIN, if the peer's SYN-ACK takes only the
// SYN.
func (x *Endpoint) forgetFIN(synAck *Segment) {
	if !x.SentFIN || x.State != SynSent || synAck.Ack != x.FinSeq {
		return
	}
	x.Out.Restart(x.FinSeq)
	x.SentFIN, x.synEnd, x.fins = false, x.FinSeq, 0
	x.firstFIN, x.lastFIN = sentFIN{}, sentFIN{}
}

// acksFINAtOnce reports whether a FIN that side sends again is on the ACK of the peer's FIN, and
// within a round trip of both FINs: systems derived from BSD put it there while their own
// FIN is not acknowledged, in CLOSING. No timer has run out, so nothing tells that the ACK of
// that FIN was lost.
func (c *Conn) acksFINAtOnce(side Side, s *Segment) bool {
	x, y := &c.End[side], &c.End[side.Peer()]
	return s.Flags&ACK != 0 && s.Len == 0 && y.SentFIN && s.Ack == y.FinSeq+1 && x.HasAck && x.Acked.AtOrBefore(y.FinSeq) &&
		c.at.Time-x.lastFIN.at.Time <= c.InFlight && c.at.Time-y.lastFIN.at.Time <= c.InFlight
}

// unheardFINs is how often a FIN is sent without an answer until it seems not to arrive.
const unheardFINs = 3

// repeatFIN is for a side that sends its FIN again. That it was lost once explains one
// repetition; when it comes again and again and the peer is silent, none arrived.
func (c *Conn) repeatFIN(side Side) (m Meaning) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if c.at.Time-x.lastFIN.at.Time > c.InFlight { // a storm of FINs awaits no answers
		x.fins = min(x.fins+1, unheardFINs)
	}
	if x.fins < unheardFINs || y.HasAck && y.Acked.After(x.FinSeq) {
		return 0
	}
	if m = c.takeBack(side.Peer(), RecvFIN); m != 0 {
		y.unheard = true
	}
	return m
}

// Doubted returns the ordinal of the segment from which on side's state is not proved
// although its transitions are, or 0: from the first of the FINs to it that its peer sent
// again and again without an answer, from a RST that may not have been its own, or from the
// beginning if nothing but a SYN-ACK tells that there is such a side.
func (c *Conn) Doubted(side Side) uint32 {
	x := &c.End[side]
	switch {
	case x.presumed:
		return 1
	case x.rstDoubted:
		return x.lastRST.Nth
	case x.unheard:
		return c.End[side.Peer()].firstFIN.at.Nth
	}
	return 0
}

// settleFIN tells from an acknowledgment whether its sender had the peer's FIN, and
// which sending of it.
func (c *Conn) settleFIN(side Side, s *Segment) (m Meaning) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if !s.Ack.After(y.FinSeq) {
		if x.HasAck && s.Ack.Before(x.Acked) {
			return 0
		}
		if c.at.Time-y.firstFIN.at.Time > c.InFlight {
			y.firstFIN = sentFIN{} // what was sent so long ago and has not arrived is lost
			if y.lastFIN.at.Nth != 0 && c.at.Time-y.lastFIN.at.Time <= c.InFlight {
				y.firstFIN = y.lastFIN
			}
		}
		if x.gotFIN {
			m = c.takeBack(side, RecvFIN)
		}
		return m
	}
	i := c.provisional(side, RecvFIN)
	if x.gotFIN && i < 0 || s.Ack.After(y.Out.Top) {
		return 0
	}
	fin, sure := y.arrivedFIN(s)
	if !sure && fin == &y.firstFIN && (i < 0 && !x.unheard || i >= 0 && c.Transitions[i].Nth == y.lastFIN.at.Nth) {
		fin = &y.lastFIN // the first had not arrived when its receiver was last heard of
	}
	if i >= 0 && (fin == &y.lastFIN && c.Transitions[i].Nth < fin.at.Nth || fin == &y.firstFIN && c.Transitions[i].Nth == y.lastFIN.at.Nth) {
		m = c.takeBack(side, RecvFIN)
	}
	if !x.gotFIN {
		x.gotFIN = true
		c.implyAckOfSYNOnFIN(side, fin)
		c.implyAckOnFIN(side, fin)
		c.imply(side, RecvFIN, fin.at)
	}
	if !sure {
		c.doubtFIN(side)
	}
	return m
}

// doubtFIN is for a side that had one sending of the peer's FIN or the other: if it
// had received anything else in between, the order of its states is not known.
func (c *Conn) doubtFIN(side Side) {
	y := &c.End[side.Peer()]
	var fin *Transition
	between := false
	for i := range c.Transitions {
		t := &c.Transitions[i]
		switch {
		case t.Side != side || t.Cause != Received:
		case t.Event == RecvFIN:
			fin = t
		case t.Nth > y.firstFIN.at.Nth && t.Nth < y.lastFIN.at.Nth:
			between = true
		}
	}
	if fin != nil && between {
		c.leaveOpen(side, fin)
	}
}

// arrivedFIN returns the sending of x's FIN that the peer had first, when it sent a
// segment that acknowledges it, and whether that is sure.
func (x *Endpoint) arrivedFIN(s *Segment) (fin *sentFIN, sure bool) {
	first, last := &x.firstFIN, &x.lastFIN
	switch {
	case first.at.Nth == 0 || first.at.Nth == last.at.Nth:
		return last, true
	case s.NumSACK > 0 && x.FinSeq.In(s.SACK[0].From, uint32(s.SACK[0].To-s.SACK[0].From)):
		return first, true // the latest came again (RFC 2883 §4)
	case !s.Echoes() || !first.hasTS || !last.hasTS || first.ts == last.ts:
		return first, false
	case int32(s.TSEcr-last.ts) < 0:
		return first, true
	}
	// A segment that came before leaves TS.Recent as it is (RFC 7323 §5.3), but some
	// systems take its timestamp all the same.
	return last, false
}

// implyAckOnFIN is for a side that turns out to have the peer's FIN: a segment arrives
// whole or not, so it has the acknowledgment on it too.
func (c *Conn) implyAckOnFIN(side Side, fin *sentFIN) {
	x := &c.End[side]
	if !x.SentFIN || !fin.hasAck || !fin.ack.After(x.FinSeq) {
		return
	}
	if i := c.provisional(side, AckOfFIN); i >= 0 && c.Transitions[i].Nth > fin.at.Nth {
		c.replay(side, c.rewind(side, i)[1:]) // it came earlier than was thought
		x.finAck = false
	}
	if !x.finAck {
		x.finAck = c.imply(side, AckOfFIN, fin.at)
	}
}

// implyAckOfSYNOnFIN does the same for the ACK of side's SYN: it came with the FIN at the
// latest.
func (c *Conn) implyAckOfSYNOnFIN(side Side, fin *sentFIN) {
	x := &c.End[side]
	if !x.SentSYN || !fin.hasAck || !fin.ack.After(x.ISS) {
		return
	}
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		t := &c.Transitions[i]
		if t.Side != side {
			continue
		}
		if t.Event == AckOfSYN && t.Cause == Received && t.Nth > fin.at.Nth {
			c.rewind(side, i)
			c.imply(side, AckOfSYN, fin.at)
		}
		return // where more happened since, the order stays as it is
	}
}
