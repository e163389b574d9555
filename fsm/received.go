package fsm

// received runs the receiver's machine for a segment on its way to side, in the
// RFC's order: RST, SYN, ACK, FIN (§3.10.7).
func (c *Conn) received(side Side, s *Segment) Meaning {
	y, x := &c.End[side], &c.End[side.Peer()]
	switch y.State {
	case Closed, Listen:
		if y.gotRST && inventsEcho(s, y) {
			y.badAck, y.hasBadAck = s.Ack, true // in SYN-SENT it may answer this too
		}
		return 0 // a closed endpoint answers, and the answer is what can be seen
	case SynSent:
		return c.receivedInSynSent(side, s)
	}
	if s.Flags&RST != 0 {
		return c.receivedRST(side, s)
	}
	var m Meaning
	if s.Flags&SYN != 0 && !(y.State == SynReceived && s.Flags&ACK != 0) {
		if !x.SentSYN || s.Seq != x.ISS {
			y.challenged = true
			m |= SYNInSync
		}
		return m
	}
	if s.Flags&ACK == 0 {
		return m
	}
	if y.State == SynReceived {
		if ok := c.receivedAckOfSYN(side, s, &m); !ok {
			return m
		}
	}
	if y.unproved > 0 && c.Fresh > 0 {
		c.strengthen(side, s)
	}
	if y.SentFIN && !y.finAck && s.Ack.After(y.FinSeq) && s.Ack.AtOrBefore(y.Out.Top) {
		y.finAck = c.receive(side, AckOfFIN, s, s.End(), c.Fresh > 0)
	}
	if x.SentFIN && x.Out.Edge.After(x.FinSeq) {
		// A FIN that arrives, or the data that fills the hole before one.
		if !y.gotFIN && (s.Flags&FIN != 0 || c.Fresh > 0) {
			y.gotFIN = c.receive(side, RecvFIN, s, x.FinSeq+1, true)
		} else if y.gotFIN && s.Flags&FIN != 0 && y.State == TimeWait {
			y.timeWait = c.at.Time + TwoMSL(c.MSL)
			m |= TimeWaitRestart
		}
	}
	return m
}

// receivedInSynSent is §3.10.7.3.
func (c *Conn) receivedInSynSent(side Side, s *Segment) Meaning {
	y := &c.End[side]
	acceptableAck := false
	if s.Flags&ACK != 0 {
		acceptableAck = s.Ack.After(y.ISS) && s.Ack.AtOrBefore(y.Out.Top)
		if !acceptableAck {
			switch {
			case s.Flags&RST != 0:
				return RSTBadAck
			case s.Flags&SYN != 0:
				y.badAck, y.hasBadAck = s.Ack, true
				return SYNACKBadAck
			}
			y.badAck, y.hasBadAck = s.Ack, true
			return 0
		}
	}
	if s.Flags&RST != 0 {
		if !acceptableAck {
			return RSTBadAck
		}
		y.gotRST = c.receive(side, RecvRST, s, 0, false)
		y.rstTo = c.at
		return RSTRefuses
	}
	if s.Flags&SYN != 0 {
		ev := RecvSYN
		if acceptableAck {
			ev = RecvSYNACK
		}
		y.gotSYN = c.receive(side, ev, s, s.Seq+1, true)
	} else if inventsEcho(s, y) {
		y.badAck, y.hasBadAck = s.Ack, true
	}
	return 0
}

// inventsEcho reports whether a segment echoes a timestamp that y, which has sent
// nothing but SYNs, never sent. Linux drops such a segment in SYN-SENT as if its
// acknowledgment were wrong: it ignores a RST, and answers anything else with one.
func inventsEcho(s *Segment, y *Endpoint) bool {
	return s.Flags&ACK != 0 && s.Opts&OptTimestamps != 0 && s.TSEcr != 0 && y.hasTS &&
		s.TSEcr-y.firstTS > y.tsVal-y.firstTS
}

// receivedAckOfSYN is the ACK check of §3.10.7.4 in SYN-RECEIVED. It reports
// whether processing goes on.
func (c *Conn) receivedAckOfSYN(side Side, s *Segment, m *Meaning) bool {
	y, x := &c.End[side], &c.End[side.Peer()]
	if s.Ack.AtOrBefore(y.ISS) || s.Ack.After(y.Out.Top) {
		y.badAck, y.hasBadAck = s.Ack, true
		*m |= HandshakeBadAck
		return false
	}
	if x.SentSYN && s.Flags&SYN == 0 {
		irs1 := x.ISS + 1
		wnd := uint32(y.Window)
		if s.Seq != irs1 && !acceptable(s.Seq, s.Space(), irs1, wnd) {
			y.challenged = true
			*m |= HandshakeBadSeq
			return false
		}
	}
	y.synAck = c.receive(side, AckOfSYN, s, s.End(), c.Fresh > 0)
	return true
}

// receivedRST is the RST check of §3.10.7.4 with RFC 5961 §3: only a RST at
// exactly RCV.NXT ends the connection.
func (c *Conn) receivedRST(side Side, s *Segment) Meaning {
	y, x := &c.End[side], &c.End[side.Peer()]
	exact := !x.Out.Started() || s.Seq == x.Out.Edge ||
		y.HasAck && s.Seq == y.Acked ||
		x.hasAhead && s.Seq == x.ahead || // its own ACK says that it expects this number
		// Linux also takes the right edge of what it has selectively acknowledged.
		y.hasSACK && s.Seq == y.sackTop
	if exact {
		m := RSTExact
		if y.State == TimeWait {
			m |= TimeWaitKilled
		}
		y.gotRST = c.receive(side, RecvRST, s, 0, false)
		y.rstTo = c.at
		return m
	}
	first := x.Out.Edge
	if y.HasAck {
		first = y.Acked
	}
	wnd, known := y.window(first)
	if !known {
		wnd = unknownWindow
	}
	if s.Seq.In(first, wnd) {
		y.challenged = true
		return RSTInWindow
	}
	return RSTOutside
}

// unknownWindow stands in for a window whose scale was never seen.
const unknownWindow = 1 << 20
