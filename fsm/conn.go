package fsm

// Conn is one connection: two endpoints, each run through the table by what it
// sent and by what it may have received. It reads no clock and does no I/O; it
// allocates only when a state changes.
type Conn struct {
	End         [2]Endpoint  // by Side
	Transitions []Transition // of both endpoints, in the order they were found

	MSL      Time // maximum segment lifetime; TIME-WAIT lasts twice as long
	InFlight Time // how long after a RST the peer's segments may still be under way

	// Judgements, if set, is told how each segment is judged. States, transitions and
	// meanings are the same with it or without.
	Judgements *Judgements

	// What the latest Step found out about the stream of its sender.
	Fresh  uint32 // sequence numbers seen for the first time
	Old    uint32 // sequence numbers seen before
	Unseen uint32 // numbers of the receiver's stream acknowledged, never captured
	Missed uint32 // the same of the sender's own stream: acknowledged before, and it goes on behind them

	at Stamp
}

// DefaultMSL is the maximum segment lifetime assumed unless told otherwise.
// RFC 9293 §3.4.2 says 2 minutes; systems hold TIME-WAIT for 30 s to 4 minutes.
const DefaultMSL = 60 * Second

// TwoMSL returns how long TIME-WAIT lasts for a maximum segment lifetime, and with it
// how long after a connection its segments may still be under way (RFC 9293 §3.4.2).
func TwoMSL(msl Time) Time { return 2 * msl }

// defaultInFlight is how long a segment may trail a RST when nothing is known of
// the path.
const defaultInFlight = 200_000_000

// Reset makes c a fresh connection that nobody wants judgements of. It keeps the
// room for transitions.
func (c *Conn) Reset(msl Time) {
	*c = Conn{Transitions: c.Transitions[:0], MSL: msl, InFlight: defaultInFlight}
}

// Step runs one captured segment through both machines: first its sender with
// what it sent, then its receiver with what it may have received. Set
// undelivered when the receiver is known to drop the segment unseen, as for a
// wrong checksum.
func (c *Conn) Step(from Side, s *Segment, frame Frame, t Time, undelivered bool) Meaning {
	c.at = Stamp{Time: t, Frame: frame, Nth: c.at.Nth + 1}
	c.Fresh, c.Old, c.Unseen, c.Missed = 0, 0, 0, 0
	x, y := &c.End[from], &c.End[from.Peer()]

	// The ordinary segment of an established connection changes no state.
	const control = SYN | FIN | RST | ACK
	if s.Flags&control == ACK && x.State == Established && y.State == Established &&
		x.unproved|y.unproved == 0 && !x.challenged && !x.SentFIN && !y.SentFIN && c.Judgements == nil {
		m := c.advance(x, y, s)
		c.remember(x, s)
		return m
	}

	if c.Judgements != nil {
		c.Judgements.begin(c)
	}
	before := len(c.Transitions)
	m := c.Expire(t)
	m |= c.sent(from, s)
	if undelivered {
		c.decide(from.Peer(), NotDelivered)
	} else {
		m |= c.received(from.Peer(), s)
	}
	c.remember(x, s)
	if len(c.Transitions) != before {
		m |= StateChanged
	}
	if c.Judgements != nil {
		c.Judgements.end(from, m)
	}
	return m
}

// StepCopy runs a segment that the network delivered twice: its sender sent it
// long ago, and only the receiver may get it now.
func (c *Conn) StepCopy(from Side, s *Segment, frame Frame, t Time) Meaning {
	c.at = Stamp{Time: t, Frame: frame, Nth: c.at.Nth + 1}
	c.Fresh, c.Old, c.Unseen, c.Missed = 0, s.Space(), 0, 0
	if c.Judgements != nil {
		c.Judgements.begin(c)
	}
	before := len(c.Transitions)
	m := c.Expire(t) | c.received(from.Peer(), s)
	if len(c.Transitions) != before {
		m |= StateChanged
	}
	if c.Judgements != nil {
		c.Judgements.end(from, m)
	}
	return m
}

// Expire lets timers that ran out before t do their work.
func (c *Conn) Expire(t Time) Meaning {
	var m Meaning
	for side := range c.End {
		e := &c.End[side]
		if e.State == TimeWait && t >= e.timeWait {
			c.apply(Side(side), Timeout2MSL, Timer, Stamp{Time: e.timeWait, Nth: c.at.Nth}, 0)
			m |= StateChanged
		}
	}
	return m
}

// apply looks an event up in the table and, where it has a row, changes the
// state and records the transition. It is the only code that assigns a state.
func (c *Conn) apply(side Side, ev Event, cause Cause, at Stamp, proof Frame) bool {
	e := &c.End[side]
	row := passiveReset
	if !(ev == RecvRST && e.State == SynReceived && e.Passive) {
		i := rowIndex[e.State][ev]
		if i == 0 {
			return false
		}
		row = Table[i-1]
	}
	if len(c.Transitions) >= maxTransitions {
		e.State = row.To
		return true
	}
	c.Transitions = append(c.Transitions, Transition{
		Time: at.Time, Frame: at.Frame, Proof: proof, Nth: at.Nth,
		Side: side, From: e.State, To: row.To, Event: ev, Cause: cause,
	})
	e.State = row.To
	c.Judgements.stands(side, at.Frame, ev)
	if cause == Received && proof == 0 {
		e.unproved++
	}
	if row.To == TimeWait {
		e.twSince, e.timeWait = at.Time, at.Time+TwoMSL(c.MSL)
	}
	return true
}

// maxTransitions bounds the record of one connection. No real one comes near it;
// a peer that resets and opens again for ever with the same numbers would grow it
// without end. Beyond it states still change, but nobody writes it down.
const maxTransitions = 1024

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
		if t.Side != side || t.Proof != 0 || t.Cause != Received {
			continue
		}
		if t.proofBy&proofByAck != 0 && s.Flags&ACK != 0 && s.Ack.AtOrAfter(t.provenAck) ||
			t.proofBy&proofByTimestamp != 0 && s.Opts&OptTimestamps != 0 && s.Flags&ACK != 0 && int32(s.TSEcr-t.provenTS) >= 0 {
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
		if t.Side == side && t.Cause == Received && t.Proof == 0 && t.proofBy&proofByAck == 0 &&
			(t.Event == AckOfSYN && s.Ack.After(e.ISS) || t.Event == AckOfFIN && s.Ack.After(e.FinSeq)) {
			t.provenAck, t.proofBy = s.End(), t.proofBy|proofByAck
		}
	}
}

func (c *Conn) settle(side Side, t *Transition) {
	t.Proof = c.at.Frame
	c.End[side].unproved--
	c.Judgements.shows(Proved, side, t.Event, t.Frame, c.at.Frame)
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
		if t := &c.Transitions[i]; t.Side == side && t.Event == ev && t.Cause == Received && t.Proof == 0 {
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
		if t.Cause == Received && t.Proof == 0 {
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
		} else {
			c.Judgements.shows(TakenBack, side, t.Event, t.Frame, c.at.Frame) // it cannot have happened either
		}
	}
}

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

// settleAhead decides, now that x sends again, what an earlier acknowledgment of
// octets nobody had captured meant.
func (c *Conn) settleAhead(x, y *Endpoint, s *Segment) Meaning {
	switch {
	case s.Seq.AtOrAfter(x.ahead):
		// x goes on behind them: it had sent them, and the capture missed them.
		c.Missed += x.Out.Acknowledged(x.ahead)
		y.accept(x.ahead)
		x.hasAhead = false
		return GapConfirmed
	case s.End().AtOrBefore(x.Out.Top):
		return 0 // something old; it decides nothing
	case s.Seq.After(x.Out.Top):
		return 0 // a hole at least; wait
	}
	x.hasAhead = false
	if c.at.Time-x.aheadStamp.Time <= captureSkew {
		return 0 // two directions captured out of order, not a lie
	}
	if !x.aheadValid {
		return 0 // part of a handshake that went wrong in other ways
	}
	return AckOfUnsent
}

// captureSkew is how far two directions of one capture may be out of order.
const captureSkew = 5_000_000

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
	x.accept(ack)
	if s.Flags&SYN == 0 {
		x.Window = uint32(s.Window) << x.Scale
	} else {
		x.Window = uint32(s.Window)
	}
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

// remember keeps what later segments are compared with.
func (c *Conn) remember(x *Endpoint, s *Segment) {
	x.Seen = true
	if s.Flags&ACK != 0 && s.Flags&RST == 0 {
		x.lastAck = c.at
	}
	if s.Opts&OptTimestamps != 0 && (!x.hasTS || int32(s.TSVal-x.tsVal) > 0) {
		if !x.hasTS {
			x.firstTS = s.TSVal
		}
		x.tsVal, x.hasTS = s.TSVal, true
	}
}
