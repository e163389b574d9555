package fsm

// opening is what a SYN-ACK said. Two of them with different numbers can answer a SYN:
// from two hosts that share an address, or from a server that has dropped its embryonic
// connection. The client tells by its ACK which of them counts.
type opening struct {
	iss      Seq
	syn      Stamp
	offered  uint8
	hasOffer bool
	offerCut bool
	end      Seq
}

// opening returns what the endpoint's latest SYN-ACK said.
func (e *Endpoint) opening() opening {
	return opening{iss: e.ISS, syn: e.Syn, offered: e.offered, hasOffer: e.hasOffer, offerCut: e.offerCut, end: e.synEnd}
}

// chooseOpening goes back to the peer's earlier SYN-ACK if the segment that side sends
// acknowledges that and not the latest.
func (c *Conn) chooseOpening(side Side, s *Segment) {
	y := &c.End[side.Peer()]
	y.hasEarlier = false
	if s.Ack != y.earlier.iss+1 || s.Ack == y.ISS+1 || y.State != SynReceived {
		return
	}
	o := &y.earlier
	y.Out.Restart(o.end)
	y.ISS, y.Syn, y.offered, y.hasOffer, y.offerCut, y.synEnd = o.iss, o.syn, o.offered, o.hasOffer, o.offerCut, o.end
	c.agreeScale()
}

// synACKCrosses reports whether the ACK of side's SYN passed so short a time before side's
// SYN-ACK, which comes again, that the two may have crossed.
func (c *Conn) synACKCrosses(side Side) bool {
	x, y := &c.End[side], &c.End[side.Peer()]
	i := c.provisional(side, AckOfSYN)
	if i < 0 || !x.synOptions || c.at.Time-c.Transitions[i].Time > c.InFlight {
		return false
	}
	x.ackCrossed, x.crossedTS = true, y.tsVal
	return true
}

// settleCrossedACK is for a side whose SYN-ACK crossed the ACK of it, and which now is past
// SYN-RECEIVED: the ACK that crossed brought it there, unless it was lost and what answered
// the SYN-ACK did. An echo of what passed before the SYN-ACK tells; without it this stays open.
func (c *Conn) settleCrossedACK(side Side, s *Segment) {
	x := &c.End[side]
	if !x.ackCrossed {
		return
	}
	x.ackCrossed = false
	i := c.provisional(side, AckOfSYN)
	if i < 0 {
		return
	}
	t := &c.Transitions[i]
	told := t.proofBy&proofByTimestamp != 0 && s.Echoes() && int32(s.TSEcr-t.provenTS) >= 0 && int32(s.TSEcr-x.crossedTS) <= 0
	if !told {
		c.leaveOpen(side, t)
	}
}
