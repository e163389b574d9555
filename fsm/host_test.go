package fsm

// arrive is RFC 9293 §3.10.7, as far as this world needs it.
func (w *world) arrive(h *host, s *Segment) {
	switch {
	case h.state == Closed:
		w.arriveClosed(h, s)
	case h.state == SynSent:
		w.arriveSynSent(h, s)
	case s.Flags&RST != 0:
		w.arriveRST(h, s)
	case h.state != Listen:
		w.arriveOther(h, s)
	}
}

// arriveClosed is §3.10.7.1, and §3.10.7.2 for a host that listens.
func (w *world) arriveClosed(h *host, s *Segment) {
	switch {
	case h.passive && len(h.history) == 0 && s.Flags&(SYN|ACK|RST) == SYN:
		h.rcv = s.Seq + 1
		h.history = append(h.history, Listen)
		h.enter(SynReceived, RecvSYN)
		w.send(h, SYN|ACK, 0)
	case s.Flags&RST != 0:
	case s.Flags&ACK != 0:
		w.put(h, Segment{Flags: RST, Seq: s.Ack})
	default:
		w.put(h, Segment{Flags: RST | ACK, Ack: s.End()})
	}
}

// arriveSynSent is §3.10.7.3.
func (w *world) arriveSynSent(h *host, s *Segment) {
	ok := s.Flags&ACK != 0 && s.Ack == h.next
	switch {
	case s.Flags&ACK != 0 && !ok:
		if s.Flags&RST == 0 {
			w.put(h, Segment{Flags: RST, Seq: s.Ack})
		}
	case s.Flags&RST != 0:
		if ok {
			w.die(h, RecvRST)
		}
	case s.Flags&SYN != 0 && ok:
		h.rcv = s.Seq + 1
		w.acked(h, s.Ack)
		h.enter(Established, RecvSYNACK)
		w.send(h, ACK, 0)
		w.work(h)
	case s.Flags&SYN != 0:
		h.rcv = s.Seq + 1
		h.enter(SynReceived, RecvSYN)
		again := h.unacked[0]
		again.Flags, again.Ack = SYN|ACK, h.rcv
		w.put(h, again)
	}
}

// arriveRST is the RST check of §3.10.7.4 with RFC 5961.
func (w *world) arriveRST(h *host, s *Segment) {
	switch {
	case s.Seq != h.rcv:
		if acceptable(s.Seq, 0, h.rcv, 60000) {
			w.send(h, ACK, 0)
		}
	case h.state == SynReceived && h.passive:
		h.enter(Listen, RecvRST)
		h.unacked, h.resend = nil, 0
	default:
		w.die(h, RecvRST)
	}
}

// arriveOther is the rest of §3.10.7.4.
func (w *world) arriveOther(h *host, s *Segment) {
	// A SYN-ACK that crossed ours acknowledges our SYN, though its SYN is old.
	crossed := h.state == SynReceived && s.Flags&(SYN|ACK) == SYN|ACK && s.Ack == h.next
	if !acceptable(s.Seq, s.Space(), h.rcv, 60000) && !crossed {
		if h.state == SynReceived && h.passive && s.Flags&SYN != 0 {
			w.put(h, h.unacked[0]) // as every system does
		} else if h.state != SynReceived {
			w.send(h, ACK, 0)
		}
		return
	}
	if s.Flags&ACK == 0 || s.Flags&SYN != 0 && !crossed {
		return
	}
	if h.state == SynReceived {
		if !s.Ack.After(h.iss) || s.Ack.After(h.next) {
			w.put(h, Segment{Flags: RST, Seq: s.Ack})
			return
		}
		h.enter(Established, AckOfSYN)
		defer w.work(h)
	}
	w.acked(h, s.Ack)
	defer w.flush(h)
	if w.ackOfFIN(h, s); h.state == Closed || crossed || s.Space() == 0 {
		return
	}
	if s.Seq.After(h.rcv) { // a hole: it keeps nothing behind one
		w.send(h, ACK, 0)
		return
	}
	w.take(h, s)
	w.send(h, ACK, 0)
	w.work(h)
}

func (w *world) ackOfFIN(h *host, s *Segment) {
	if !h.sentFIN || !s.Ack.After(h.fin) {
		return
	}
	switch h.state {
	case FinWait1:
		h.enter(FinWait2, AckOfFIN)
	case Closing:
		h.enter(TimeWait, AckOfFIN)
	case LastAck:
		w.die(h, AckOfFIN)
	}
}

// take receives what is new of a segment.
func (w *world) take(h *host, s *Segment) {
	if !s.End().After(h.rcv) {
		return
	}
	h.rcv = s.End()
	if s.Flags&FIN == 0 {
		return
	}
	switch h.state {
	case Established:
		h.enter(CloseWait, RecvFIN)
	case FinWait1:
		h.enter(Closing, RecvFIN)
	case FinWait2:
		h.enter(TimeWait, RecvFIN)
	}
}

func (w *world) acked(h *host, ack Seq) {
	if ack.After(h.una) && ack.AtOrBefore(h.next) {
		h.una = ack
		h.tries = 0
		for len(h.unacked) > 0 && h.unacked[0].Seq.Add(h.unacked[0].Space()).AtOrBefore(ack) {
			h.unacked = h.unacked[1:]
		}
		h.resend = 0
		if len(h.unacked) > 0 {
			h.resend = w.now + Second
		}
	}
}

func (w *world) die(h *host, why Event) {
	h.enter(Closed, why)
	h.unacked, h.resend = nil, 0
}

// work sends what the host wants to send next.
func (w *world) work(h *host) {
	if h.state != Established && h.state != CloseWait {
		return
	}
	if h.hurries {
		h.closed = true
		w.close(h, CloseCall)
		w.flush(h)
		return
	}
	if h.data > 0 {
		h.data--
		w.send(h, PSH|ACK, uint32(1+w.r.IntN(100)))
		if w.r.IntN(2) == 0 {
			return // more with the next segment that comes
		}
	}
	if h.data > 0 && h.state == Established {
		return
	}
	switch h.ending {
	case endFIN:
		w.close(h, SendFIN)
		w.sendFIN(h)
	case endRST:
		w.put(h, Segment{Flags: RST | ACK, Seq: h.next, Ack: h.rcv})
		w.die(h, SendRST)
	}
}

// close is the CLOSE call (§3.10.4), which changes the state whether or not the FIN can be
// sent yet.
func (w *world) close(h *host, why Event) {
	next := FinWait1
	if h.state == CloseWait {
		next = LastAck
	}
	h.enter(next, why)
}

func (w *world) sendFIN(h *host) {
	h.fin, h.sentFIN, h.events[SendFIN] = h.next, true, true
	w.send(h, FIN|ACK, 0)
}

// flush sends what a host that has closed still has, as far as its limit lets it, and then
// its FIN.
func (w *world) flush(h *host) {
	if !h.closed || h.sentFIN || h.state == Closed {
		return
	}
	for h.data > 0 && len(h.unacked) < h.limit {
		h.data--
		f := PSH | ACK
		if h.data == 0 && w.r.IntN(2) == 0 {
			h.fin, h.sentFIN, h.events[SendFIN] = h.next+10, true, true
			f |= FIN
		}
		w.send(h, f, 10)
	}
	if h.data == 0 && !h.sentFIN {
		w.sendFIN(h)
	}
}
