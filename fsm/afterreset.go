package fsm

func (c *Conn) reopen(side Side, s *Segment, finAgain bool) (m Meaning, later Event) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if finAgain || s.Len > 0 && x.State == Closed {
		// An endpoint that repeats itself has not received the ACK of its FIN.
		m |= c.takeBack(side, AckOfFIN)
	}
	switch {
	case x.State == Listen && x.gotRST:
		m |= c.takeBack(side, RecvRST) // the RST that was to end SYN-RECEIVED did not
		c.catchUp(side, x.rstTo)
	case x.State != Closed:
	case x.sentRST:
		return c.continuesAfterRST(side, s)
	case x.gotRST:
		// When it sent this, the RST that passed had not arrived, or was ignored.
		m |= AfterPeerRST | c.takeBack(side, RecvRST)
		x.heedsNoRST = x.State == TimeWait
		x.challenged = x.challenges(y, s)
		if !x.challenged && !x.past(y, s) && c.at.Time-x.rstTo.Time <= c.InFlight {
			later = RecvRST
		} else {
			c.catchUp(side, x.rstTo)
		}
	case !x.Seen && s.Flags&ACK != 0 && y.State != SynSent:
		c.joinMidway(side, s)
		m |= Joined
	}
	return m, later
}

func (c *Conn) catchUp(side Side, rst Stamp) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if x.ignoredAck.Nth > rst.Nth && y.HasAck {
		if x.State == SynReceived && !x.synAck && y.Acked.After(x.ISS) {
			x.synAck = c.apply(side, AckOfSYN, Received, x.ignoredAck, 0)
		}
		if x.SentFIN && !x.finAck && y.Acked.After(x.FinSeq) {
			x.finAck = c.apply(side, AckOfFIN, Received, x.ignoredAck, 0)
			c.provenByAck(x.ignoredAck, AckOfFIN, y)
		}
	}
	if fin := x.ignoredFIN; fin.Nth > rst.Nth && !x.gotFIN && y.SentFIN && y.Out.Edge.After(y.FinSeq) {
		x.gotFIN = c.apply(side, RecvFIN, Received, fin, 0)
		c.provenByAck(fin, RecvFIN, y)
	}
}

func (c *Conn) provenByAck(at Stamp, ev Event, y *Endpoint) {
	t := &c.Transitions[len(c.Transitions)-1]
	if t.Nth == at.Nth && t.Event == ev && at.Nth == y.lastFIN.at.Nth {
		t.provenAck, t.proofBy = y.FinSeq+1, proofByAck
	}
}

func (c *Conn) rearm(side Side, by Event) {
	x := &c.End[side]
	switch {
	case x.State == Closed:
	case by == RecvRST:
		x.gotRST = c.apply(side, RecvRST, Received, x.rstTo, 0)
	case by == SendRST:
		x.sentRST = c.apply(side, SendRST, Sent, x.lastRST, x.lastRST.Frame)
	}
}

func (x *Endpoint) challenges(y *Endpoint, s *Segment) bool {
	return s.Flags&(ACK|SYN|FIN) == ACK && s.Len == 0 && s.NumSACK == 0 && x.HasAck && s.Ack == x.Acked &&
		y.lastRST.Nth == x.rstTo.Nth && y.rstSeq.After(s.Ack) && y.Out.Edge.After(s.Ack)
}

func (x *Endpoint) past(y *Endpoint, s *Segment) bool {
	if s.Flags&ACK == 0 {
		return false
	}
	return y.Syn.Nth > x.rstTo.Nth && s.Ack.After(y.ISS) || y.lastRST.Nth == x.rstTo.Nth && s.Ack.After(y.rstSeq)
}

func (c *Conn) continuesAfterRST(side Side, s *Segment) (m Meaning, later Event) {
	x := &c.End[side]
	switch {
	case x.sentAfterRST(s) || c.Later:
		m = AfterOwnRST
	case x.sentBeforeRST(s) || c.Overtaken:
		later = SendRST
	case x.fillsToRST(s) && c.at.Time-x.lastRST.Time <= c.InFlight:
		later, x.rstDoubted = SendRST, true
	default:
		m = AfterOwnRST
	}
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		t := &c.Transitions[i]
		if t.Side != side || t.Event != SendRST {
			continue
		}
		x.sentRST = false
		if later == SendRST {
			c.replay(side, c.rewind(side, i)[1:])
			return m, later
		}
		x.rstDoubted = false
		c.withdraw(side, i)
		c.unprove(side, x.lastRST.Frame)
		c.catchUp(side, x.lastRST)
		return m | TookBack, later
	}
	return m, NoEvent
}

func (c *Conn) unprove(side Side, rst Frame) {
	x, y := &c.End[side], &c.End[side.Peer()]
	had := x.gotFIN
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Side == side && t.Cause == Received && t.Proof == rst {
			t.Proof = 0
			x.unproved++
		}
	}
	if had && x.SentFIN && x.firstFIN.hasAck && !x.firstFIN.ack.After(y.FinSeq) {
		c.takeBack(side, RecvFIN)
	}
}

func (x *Endpoint) sentAfterRST(s *Segment) bool {
	return s.Len > 0 && s.End().After(x.rstSeq) || s.Flags&ACK != 0 && x.peerAtRST && s.Ack.After(x.peerTopAtRST) ||
		x.rstHasTS && s.Opts&OptTimestamps != 0 && int32(s.TSVal-x.rstTS) > 0
}

func (x *Endpoint) sentBeforeRST(s *Segment) bool {
	return s.Opts&OptTimestamps != 0 && x.hasTS && int32(s.TSVal-x.tsVal) < 0
}

func (x *Endpoint) fillsToRST(s *Segment) bool {
	return s.Space() > 0 && s.Seq.AtOrAfter(x.topAtRST) && s.End().AtOrBefore(x.rstSeq)
}
