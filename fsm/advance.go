package fsm

// advance does the bookkeeping that every segment needs: the sender's stream,
// its acknowledgment and its window.
func (c *Conn) advance(x, y *Endpoint, s *Segment) Meaning {
	var m Meaning
	space := s.Space()
	if space > 0 && s.Flags&RST == 0 {
		x.Out.Start(s.Seq)
		if x.hasAhead {
			m |= c.settleAhead(x, y, s)
		}
		if c.wild(x, y, s) {
			y.challenged = true // §3.10.7.4, first check: answered by an ACK
			m |= OutsideWindow
		} else {
			c.Fresh, c.Old = x.Out.Add(s.Seq, s.Seq.Add(space))
			x.repeats = c.Old > 0
			if x.joined && c.Fresh > 0 && (s.Len != 1 || s.Flags&FIN != 0) { // one byte may be a probe
				x.joined = false
			}
		}
	} else {
		x.Out.Start(s.Seq)
		if s.Flags&(RST|ACK) == ACK && s.Seq.After(x.Out.Top) && s.Seq.Minus(x.Out.Top) < 1<<20 && x.Seen {
			x.beyond, x.beyondAt = s.Seq, c.at // an empty segment carries SND.NXT
		}
		if x.hasAhead && s.Seq == x.ahead && s.Flags&RST == 0 {
			m |= c.settleAhead(x, y, s) // an empty segment carries SND.NXT
		}
	}
	if s.Flags&ACK != 0 && s.Flags&RST == 0 {
		m |= c.acknowledge(x, y, s)
	}
	return m
}

// wild reports whether the segment lies so far outside the receiver's window
// that its numbers cannot belong to the stream (a blind injection, or noise);
// counting them would let one packet claim gigabytes.
func (c *Conn) wild(x, y *Endpoint, s *Segment) bool {
	if s.Len > maxWindow {
		return true // a jumbogram may claim this much, no window holds it
	}
	if s.Flags&SYN != 0 {
		return false
	}
	beyond := s.Seq.Minus(x.Out.Top)
	if beyond <= 1<<16 {
		return false
	}
	if beyond > maxWindow {
		return true // whatever window was claimed: twice as far the numbers come round
	}
	wnd, known := y.window(x.Out.Top)
	return known && int64(beyond) > 2*int64(wnd)+1<<20
}

// maxWindow is the largest window there can be (RFC 7323 §2.3).
const maxWindow = 1 << 30

// offers returns the window that the endpoint offers with a segment. That of a SYN is never
// scaled (RFC 7323 §2.2).
func (e *Endpoint) offers(s *Segment) uint32 {
	if s.Flags&SYN != 0 {
		return uint32(s.Window)
	}
	return uint32(s.Window) << e.Scale
}

// settleAhead decides, now that x sends again, what an earlier acknowledgment of
// octets nobody had captured meant.
func (c *Conn) settleAhead(x, y *Endpoint, s *Segment) Meaning {
	soon := c.at.Time-x.aheadStamp.Time <= c.InFlight
	switch {
	case s.Seq.AtOrAfter(x.ahead):
		// x goes on behind them: it had sent them, and the capture missed them.
		c.Missed += x.Out.Acknowledged(x.ahead)
		y.accept(x.ahead)
		y.RightEdge = MaxSeq(y.RightEdge, x.aheadEdge)
		x.hasAhead = false
		return GapConfirmed
	case s.End().AtOrBefore(x.Out.Top):
		return 0 // something old; it decides nothing
	case s.Seq.After(x.Out.Top):
		return 0 // a hole at least; wait
	case soon && s.End().Before(x.ahead) && s.Flags&FIN == 0:
		return 0 // the rest of what was acknowledged may be on its way to the tap
	}
	x.hasAhead = false
	if soon && !s.End().Before(x.ahead) {
		return 0 // two directions captured out of order, not a lie
	}
	if !x.aheadValid {
		return 0 // part of a handshake that went wrong in other ways
	}
	return AckOfUnsent
}

// accept raises what the endpoint is known to have received.
func (e *Endpoint) accept(ack Seq) {
	if !e.HasAck {
		e.Acked, e.RightEdge, e.HasAck = ack, ack, true
	} else if ack.After(e.Acked) {
		e.Acked = ack
	}
}

func (c *Conn) acknowledge(x, y *Endpoint, s *Segment) Meaning {
	var m Meaning
	ack := s.Ack
	y.Out.Start(ack)
	if c.Judgements != nil {
		c.Judgements.ack = judgeAck(x, y, ack)
	}
	if ack.After(y.Out.Top) {
		if y.Seen {
			if !y.hasAhead || ack.After(y.ahead) {
				y.ahead, y.aheadStamp, y.hasAhead = ack, c.at, true
				y.aheadEdge = ack.Add(x.offers(s))
				y.aheadValid = y.State.Synchronized()
				if y.aheadValid {
					m |= AckAhead
				}
			}
			return m
		}
		y.Out.Acknowledged(ack) // one direction only: nothing of y is captured
	} else if u := y.Out.Acknowledged(ack); u > 0 {
		c.Unseen += u
		m |= GapConfirmed
	}
	if x.tooOld(ack) {
		y.challenged = true // RFC 5961 §5
		m |= StaleAck
	}
	if s.Len > 0 && c.Fresh > 0 {
		x.dataAck, x.hasDataAck = ack, true
	}
	x.accept(ack)
	x.Window = x.offers(s)
	if right := ack.Add(x.Window); right.After(x.RightEdge) {
		x.RightEdge = right
	}
	x.hasSACK = s.NumSACK > 0
	if x.hasSACK {
		x.sackTop = s.SACK[0].To
		for _, b := range s.SACK[1:s.NumSACK] {
			x.sackTop = MaxSeq(x.sackTop, b.To)
		}
	}
	return m
}

// tooOld reports whether an acknowledgment lies further back than the largest
// window (RFC 5961 §5).
func (x *Endpoint) tooOld(ack Seq) bool {
	return x.HasAck && x.ScaleKnown && ack.Minus(x.Acked) < -int32(65535)<<x.Scale
}
