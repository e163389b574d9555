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
