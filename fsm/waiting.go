package fsm

// A CLOSE call puts an endpoint into FIN-WAIT-1 at once, though its FIN waits until all
// data before it is sent (RFC 9293 §3.10.4). If the peer's FIN comes while it waits, the
// endpoint goes on to CLOSING and TIME-WAIT; what passes is the same as from CLOSE-WAIT
// and LAST-ACK. So these are proved only of an endpoint that had nothing left to send.

// waiting is what is known of that.
type waiting struct {
	possible bool  // the peer's FIN may have met data that was still to be sent
	shut     bool  // and the window had no room for even a FIN
	from     Seq   // SND.NXT when the endpoint acknowledged the peer's FIN first
	since    Time  // when that was
	free     bool  // the FIN that came acknowledged all before, and left room
	proof    Frame // of having received it

	rested   bool // when the peer's FIN passed, nothing was left to send
	restedAt Seq  // SND.NXT then
}

// weighWaiting looks at a segment of side, before it counts, for what it tells of that.
func (c *Conn) weighWaiting(side Side, s *Segment) {
	x := &c.End[side]
	if s.Flags&ACK != 0 {
		c.mayWait(side, s)
	}
	if s.Flags&FIN != 0 || x.SentFIN && s.Len > 0 {
		c.meetsFIN(side.Peer())
	}
	if s.Space() > 0 && s.Seq.AtOrAfter(x.Out.Top) {
		c.settleWaiting(side, c.at.Time)
	}
}

// meetsFIN notes, when a FIN of side's peer passes and for what the peer repeats behind
// it, whether side has anything left to send. It runs before the segment counts.
func (c *Conn) meetsFIN(side Side) {
	x, y := &c.End[side], &c.End[side.Peer()]
	if x.SentFIN {
		return
	}
	// With the data before its FIN, side has the acknowledgment on it, unless that is sent again.
	told := !y.SentFIN && y.hasDataAck && y.dataAck == x.Out.Top
	silent := x.SentSYN && x.Out.Top == x.synEnd // it has sent no data, though nothing held that up
	x.waits.rested = (told || silent) && y.hasRoom(x) || c.rests(side, c.at.Time)
	x.waits.restedAt = x.Out.Top
}

// rests reports whether side would have sent by now what it has to send: all that it sent
// is acknowledged, the window is open, and both were silent until a lost
// acknowledgment would have made side repeat itself. The acknowledgment on the peer's FIN
// is known not to be lost.
func (c *Conn) rests(side Side, now Time) bool {
	x, y := &c.End[side], &c.End[side.Peer()]
	if w := &x.waits; w.possible && w.free && w.from == x.Out.Top && now-w.since > c.InFlight {
		return true
	}
	return y.HasAck && y.Acked == x.Out.Top && y.hasRoom(x) && !x.repeats &&
		now-max(x.lastAck.Time, y.lastAck.Time) > leastTimeout+c.InFlight
}

// leastTimeout is the least retransmission timeout of RFC 6298 §2.4.
const leastTimeout = Second

// edge returns the right edge of the window that the endpoint offered last.
func (e *Endpoint) edge() Seq { return e.Acked.Add(e.Window) }

// hasRoom reports whether y takes a segment from x as large as any, so that x need not
// gather more data before it sends what it has (RFC 9293 §3.8.6.2.1).
func (y *Endpoint) hasRoom(x *Endpoint) bool {
	if !y.ScaleKnown {
		return y.HasAck && y.Window > 0
	}
	return y.HasAck && y.edge().AtOrAfter(x.Out.Top.Add(uint32(min(y.mss, maxHeld))))
}

// maxHeld bounds for how large a segment a sender waits: half of the largest window.
const maxHeld = 1 << 15

// mayWait is for the segment by which side acknowledges the peer's FIN first: had side data
// to send when that came, its own FIN may have waited behind it.
func (c *Conn) mayWait(side Side, s *Segment) {
	x, y := &c.End[side], &c.End[side.Peer()]
	w, next := &x.waits, MaxSeq(x.Out.Top, s.Seq)
	switch {
	case !y.SentFIN || x.SentFIN || w.possible || !s.Ack.After(y.FinSeq) || s.Ack.After(y.Out.Top):
		return
	case x.HasAck && x.Acked.After(y.FinSeq): // it did so before
		return
	case w.rested && w.restedAt == next:
		return
	}
	t := c.recvFIN(side)
	if t == nil || t.To != CloseWait {
		return
	}
	w.possible, w.from, w.since = true, next, c.at.Time
	w.free = y.firstFIN.at.Nth == y.lastFIN.at.Nth && y.lastFIN.hasAck && y.lastFIN.ack == next && y.hasRoom(x)
	w.shut = y.HasAck && y.ScaleKnown && y.edge().AtOrBefore(next)
	if !t.moot && t.Proof != 0 {
		w.proof = t.Proof
		c.leaveOpen(side, t)
	}
}

// waitsNot settles that nothing was left to send: side is in CLOSE-WAIT, and has been since
// the peer's FIN came.
func (c *Conn) waitsNot(side Side) {
	w := &c.End[side].waits
	if t := c.recvFIN(side); t != nil && t.moot && w.proof != 0 {
		t.Proof, t.moot = w.proof, false
	}
	w.possible, w.proof = false, 0
}

// settleWaiting is for a time at which side had not sent anything new.
func (c *Conn) settleWaiting(side Side, now Time) {
	if x := &c.End[side]; x.waits.possible && !x.SentFIN && c.rests(side, now) {
		c.waitsNot(side)
	}
}

// resetWaits is for a RST of side. If nothing held data up, that would have come before.
func (c *Conn) resetWaits(side Side) {
	if x := &c.End[side]; x.waits.possible && x.waits.free && x.waits.from == x.Out.Top {
		c.waitsNot(side)
	}
}

// finWaited is for side's first FIN. It waits only behind data, or for a window: one that
// nothing new was sent before had nothing to wait for.
func (c *Conn) finWaited(side Side) bool {
	x := &c.End[side]
	if x.waits.possible && !x.waits.shut && x.FinSeq == x.waits.from {
		c.waitsNot(side)
	}
	return x.waits.possible
}

// recvFIN returns side's transition by the peer's FIN, or nil.
func (c *Conn) recvFIN(side Side) *Transition {
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		if t := &c.Transitions[i]; t.Side == side && t.Event == RecvFIN {
			return t
		}
	}
	return nil
}
