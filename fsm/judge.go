package fsm

// judgeSequence notes the first check of RFC 9293 §3.10.7.4 (Table 6) and the ACK
// that the segment carries. A tap knows RCV.NXT only within bounds, so what can
// have arrived for the first time is not called unacceptable.
func (c *Conn) judgeSequence(side Side, s *Segment) {
	if c.Judgements.now == nil {
		return
	}
	d := sequence(&c.Judgements.now[side].Before, s)
	if d == SeqOld && c.End[side].latestAcksFIN(s) {
		d = SeqLatest
	}
	c.decide(side, d)
	c.decide(side, c.Judgements.ack)
}

func sequence(v *View, s *Segment) Decision {
	length := s.Space()
	next, wnd := v.Passed, v.Window()
	switch {
	case v.HasAcked && s.End().AtOrBefore(v.Acked) && (length > 0 || s.Seq.Before(v.Acked)):
		return SeqOld
	case !v.WindowKnown || !v.PeerSent:
		return SeqUnknown
	case acceptable(s.Seq, length, next, wnd):
		return SeqAcceptable
	case s.Seq.Before(next):
		return SeqRepeated
	case wnd == 0:
		return SeqClosedWindow
	}
	return SeqBeyond
}

// judgeAck says what an acknowledgment by x is to y, the fifth check.
func judgeAck(x, y *Endpoint, ack Seq) Decision {
	una, known := x.Acked, x.HasAck
	if !known {
		una, known = y.ISS, y.SentSYN
	}
	switch {
	case !y.Seen && !y.SentSYN:
		return AckUnknown
	case ack.After(y.Out.Top):
		return AckBeyond
	case x.tooOld(ack):
		return AckTooOld
	case known && ack == una:
		return AckSame
	case known && ack.Before(una):
		return AckOld
	}
	return AckNew
}
