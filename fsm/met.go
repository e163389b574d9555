package fsm

// What a RST without ACK tells of its sender: it answers a segment, and takes its number from
// that segment's acknowledgment, so it shows in which state that met its sender.

// metClosed takes back that side had the ACK of its FIN before a RST of its own closed it,
// where its RST answers that very ACK: it met a closed endpoint.
func (c *Conn) metClosed(side Side, s *Segment) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	i := c.provisional(side, AckOfFIN)
	if i < 0 || x.State != Closed || !x.aborted || !x.sentRST || s.Seq != x.FinSeq+1 || c.Transitions[i].Nth != y.lastAck.Nth {
		return 0
	}
	return c.takeBack(side, AckOfFIN)
}

// metNoRST takes back that the peer's RST closed side, whose RST without ACK now passes, where
// that cannot be: nothing answers a RST, and the peer has sent nothing since. So it answers
// what came before, data for a socket that side had closed itself.
func (c *Conn) metNoRST(side Side) Meaning {
	x, y := &c.End[side], &c.End[side.Peer()]
	if x.State == Closed && x.SentFIN && x.gotRST && y.lastRST.Nth == x.rstTo.Nth && y.lastAck.Nth <= x.rstTo.Nth &&
		x.HasAck && x.Acked.Before(y.Out.Edge) && (!y.SentFIN || x.Acked.Before(y.FinSeq)) {
		return c.takeBack(side, RecvRST)
	}
	return 0
}

// metNobody takes back what side's RST without ACK answers. Only an endpoint without a
// connection leaves the ACK out, and takes its number from the acknowledgment of the
// segment that it answers (RFC 9293 §3.10.7.1); a RST with another number answers
// nothing of the peer's.
func (c *Conn) metNobody(side Side, s *Segment) (m Meaning) {
	y := &c.End[side.Peer()]
	if y.HasAck && s.Seq == y.Acked {
		// It had given up before the SYN-ACK came, or never took up the connection that
		// the ACK of its SYN-ACK was to complete.
		m = c.takeBack(side, RecvSYNACK)
		if i := c.provisional(side, AckOfSYN); i >= 0 && c.Transitions[i].Nth == y.lastAck.Nth {
			m |= c.takeBack(side, AckOfSYN)
		}
	}
	if c.End[side].State == CloseWait && y.lastFIN.hasAck && s.Seq == y.lastFIN.ack {
		if i := c.provisional(side, RecvFIN); i >= 0 && c.Transitions[i].Nth == y.lastFIN.at.Nth {
			m |= c.takeBack(side, RecvFIN)
		}
	}
	return m
}
