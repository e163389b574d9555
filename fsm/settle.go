package fsm

// settleByAck uses what the acknowledgment on a segment says about its sender:
// every segment carries RCV.NXT as it was when the segment was made.
func (c *Conn) settleByAck(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	var m Meaning
	if y.presumed && y.State == SynSent && (s.Len > 0 && !y.opensFast() || s.Ack.After(y.ISS+1)) {
		// Somebody completed the handshake, or sent data.
		y.presumed, y.gotSYN = false, true
		c.imply(side.Peer(), RecvSYNACK, x.Syn)
	}
	switch x.State {
	case SynSent:
		m = c.settleSYNACK(side, s)
	case SynReceived:
		m = c.settleAckOfSYN(side, s)
	}
	if y.SentFIN {
		m |= c.settleFIN(side, s)
	}
	if x.unproved > 0 {
		c.settleCrossedACK(side, s)
		// A challenge ACK can come from SYN-RECEIVED too.
		challenge := s.Len == 0 && s.Flags&FIN == 0 && (x.challenged || x.rstTo.Nth != 0)
		if !y.opensFast() && !challenge {
			c.proveEvent(side, AckOfSYN) // in SYN-RECEIVED it would not have sent this
		}
		c.prove(side, s)
	}
	if !y.Seen && y.SentSYN && s.Ack.After(y.ISS+1) {
		c.proveEvent(side.Peer(), AckOfSYN) // the peer sent data, so it was past the handshake
	}
	if y.State == Closed && !y.Seen && y.lastRST.Nth == 0 && x.State != SynSent {
		// x acknowledges a side of which nothing is captured.
		c.joinMidway(side.Peer(), nil)
		y.Out.Start(s.Ack)
		m |= Joined
	}
	return m
}

// settleSYNACK is for a sender that was in SYN-SENT: what it acknowledges shows that
// it had the SYN-ACK.
func (c *Conn) settleSYNACK(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	acksSYN := y.SentSYN && s.Ack.After(y.ISS)
	switch {
	case acksSYN && y.Passive:
		x.gotSYN = true
		c.imply(side, RecvSYNACK, y.Syn)
	case acksSYN && y.HasAck && y.Acked.After(x.ISS):
		// Both opened, and y's SYN-ACK had passed before x's SYN came again.
		x.gotSYN = true
		c.imply(side, RecvSYNACK, y.lastAck)
	case !y.Seen && y.State == Closed:
		// Only a SYN-ACK that nobody captured explains the ACK.
		c.assumeSYNACK(side, s)
		return Joined
	}
	return 0
}

// settleAckOfSYN is for a sender that was in SYN-RECEIVED: whether it had the ACK of
// its SYN.
func (c *Conn) settleAckOfSYN(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	switch {
	case x.challenged && s.Len == 0:
		// It answers a segment that it could not accept; its SYN may be unacknowledged.
	case y.opensFast() && echoesOlder(s, y):
		// With Fast Open it may send before the ACK comes, and did.
	case y.HasAck && y.Acked.After(x.ISS):
		x.synAck = true
		c.imply(side, AckOfSYN, y.lastAck)
	case s.Len > 0 && !y.opensFast():
		x.synAck = true
		c.imply(side, AckOfSYN, Stamp{})
		c.proveEvent(side.Peer(), RecvSYNACK) // or it would not have sent that ACK
	default:
		return ACKBeforeACK
	}
	return 0
}
