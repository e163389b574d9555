package fsm

// receive applies an event that a segment now passing towards side would cause.
// Until side proves that it arrived, it is provisional.
func (c *Conn) receive(side Side, ev Event, s *Segment, provenAck Seq, byAck bool) bool {
	if !c.apply(side, ev, Received, c.at, 0) {
		return false
	}
	t := &c.Transitions[len(c.Transitions)-1]
	if t.Nth != c.at.Nth || t.Event != ev {
		return true // not written down
	}
	if byAck {
		t.provenAck, t.proofBy = provenAck, proofByAck
	}
	x := &c.End[side.Peer()]
	if s.Opts&OptTimestamps != 0 && (!x.hasTS || int32(s.TSVal-x.tsVal) > 0) {
		// Only a value newer than the sender's last can be told apart in an echo.
		t.provenTS, t.proofBy = s.TSVal, t.proofBy|proofByTimestamp
	}
	return true
}

// imply records what side must have received, because of what it just sent.
// from is where the cause was seen; a zero frame means that it was not captured.
// Segments of one sender arrive in order, as a rule: what side is thought to
// have received later is replayed behind it.
func (c *Conn) imply(side Side, ev Event, from Stamp) bool {
	cause := Received
	if from.Frame == 0 {
		cause = Assumed
		from = Stamp{Time: c.at.Time, Nth: c.at.Nth}
	}
	at := len(c.Transitions)
	for i := at - 1; i >= 0; i-- {
		t := &c.Transitions[i]
		if t.Side != side {
			continue
		}
		if t.Cause != Received || t.Nth <= from.Nth {
			break
		}
		at = i
	}
	later := c.rewind(side, at)
	ok := c.apply(side, ev, cause, from, c.at.Frame)
	if ok {
		c.Judgements.shows(Shown, side, ev, from.Frame, c.at.Frame)
	}
	c.replay(side, later)
	return ok
}

// prove looks for provisional transitions of side that the segment it just sent
// proves: it acknowledges, or echoes, what caused them.
func (c *Conn) prove(side Side, s *Segment) {
	e := &c.End[side]
	for i := len(c.Transitions) - 1; i >= 0 && e.unproved > 0; i-- {
		t := &c.Transitions[i]
		if t.Side != side || !t.provisional() {
			continue
		}
		if t.proofBy&proofByAck != 0 && s.Flags&ACK != 0 && s.Ack.AtOrAfter(t.provenAck) ||
			t.proofBy&proofByTimestamp != 0 && s.Echoes() && int32(s.TSEcr-t.provenTS) >= 0 {
			c.settle(side, t)
		}
	}
}

// strengthen notes that the segment now passing towards side repeats the
// acknowledgment behind a provisional transition and takes new sequence numbers:
// once side acknowledges these, the transition is proved. Numbers that were sent
// before prove nothing: side may have had them from the first time.
func (c *Conn) strengthen(side Side, s *Segment) {
	e := &c.End[side]
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		t := &c.Transitions[i]
		if t.Side == side && t.provisional() && t.proofBy&proofByAck == 0 &&
			(t.Event == AckOfSYN && s.Ack.After(e.ISS) || t.Event == AckOfFIN && s.Ack.After(e.FinSeq)) {
			t.provenAck, t.proofBy = s.End(), t.proofBy|proofByAck
		}
	}
}

func (c *Conn) settle(side Side, t *Transition) {
	if t.Event == AckOfSYN && c.End[side].SentFIN && c.End[side.Peer()].opensFast() {
		c.leaveOpen(side, t) // with Fast Open it may have closed before this came
		return
	}
	t.Proof = c.at.Frame
	c.End[side].unproved--
	c.Judgements.shows(Proved, side, t.Event, t.Frame, c.at.Frame)
}

// leaveOpen settles a transition of side of which nothing more will be known.
func (c *Conn) leaveOpen(side Side, t *Transition) {
	if t.provisional() {
		c.End[side].unproved--
	}
	t.Proof, t.moot = 0, true
}

// proveEvent marks the provisional transition of side by ev, if any, as proved by
// the current segment.
func (c *Conn) proveEvent(side Side, ev Event) {
	if i := c.provisional(side, ev); i >= 0 {
		c.settle(side, &c.Transitions[i])
	}
}

// provisional returns the index of side's unproved transition by ev, or −1.
func (c *Conn) provisional(side Side, ev Event) int {
	if c.End[side].unproved == 0 {
		return -1
	}
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		if t := &c.Transitions[i]; t.Side == side && t.Event == ev && t.provisional() {
			return i
		}
	}
	return -1
}

// takeBack withdraws side's provisional transition by ev because the segment it
// now sends shows that the cause had not arrived. What came after it on that
// side is replayed from the state that remains.
func (c *Conn) takeBack(side Side, ev Event) Meaning {
	i := c.provisional(side, ev)
	if i < 0 {
		return 0
	}
	c.withdraw(side, i)
	e := &c.End[side]
	switch ev {
	case RecvSYN, RecvSYNACK:
		e.gotSYN, e.synAck = false, false
	case AckOfSYN:
		e.synAck = false
	case AckOfFIN:
		e.finAck = false
	case RecvFIN:
		e.gotFIN = false
	case RecvRST:
		e.gotRST = false
	}
	return TookBack | StateChanged
}

// withdraw removes transition i of side and replays the later ones of that side.
func (c *Conn) withdraw(side Side, i int) {
	later := c.rewind(side, i)
	c.Judgements.shows(TakenBack, side, later[0].Event, later[0].Frame, c.at.Frame)
	c.replay(side, later[1:])
}

// rewind removes side's transitions from index i on, putting its state back to
// what it was before them, and returns them.
func (c *Conn) rewind(side Side, i int) []Transition {
	if i == len(c.Transitions) {
		return nil
	}
	e := &c.End[side]
	var removed []Transition
	kept := c.Transitions[:i]
	for _, t := range c.Transitions[i:] {
		if t.Side != side {
			kept = append(kept, t)
			continue
		}
		if len(removed) == 0 {
			e.State = t.From
		}
		if t.provisional() {
			e.unproved--
		}
		removed = append(removed, t)
		c.Judgements.falls(side, t.Frame, t.Event)
	}
	c.Transitions = kept
	return removed
}

// replay applies transitions again, from the state that side has now.
func (c *Conn) replay(side Side, ts []Transition) {
	for _, t := range ts {
		if c.apply(side, t.Event, t.Cause, Stamp{t.Time, t.Frame, t.Nth}, t.Proof) {
			n := &c.Transitions[len(c.Transitions)-1]
			n.provenAck, n.provenTS, n.proofBy = t.provenAck, t.provenTS, t.proofBy
			if t.moot && n.Nth == t.Nth && n.Event == t.Event {
				c.leaveOpen(side, n)
			}
		} else {
			c.Judgements.shows(TakenBack, side, t.Event, t.Frame, c.at.Frame) // it cannot have happened either
		}
	}
}
