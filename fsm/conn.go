package fsm

import "slices"

// Conn is one connection: two endpoints, each run through the table by what it
// sent and by what it may have received. It reads no clock and does no I/O; it
// allocates only when a state changes.
type Conn struct {
	End         [2]Endpoint  // by Side
	Transitions []Transition // of both endpoints, in the order they were found

	MSL      Time // maximum segment lifetime; TIME-WAIT lasts twice as long
	InFlight Time // how long after a RST the peer's segments may still be under way

	// Overtaken is set by the caller before a Step whose segment was sent before its sender's
	// latest RST, which passed already, as its IP identification shows; Later, if that shows
	// that it was sent after it.
	Overtaken, Later bool

	// Judgements, if set, is told how each segment is judged. States, transitions and
	// meanings are the same with it or without.
	Judgements *Judgements

	// What the latest Step found out about the stream of its sender.
	Fresh  uint32 // sequence numbers seen for the first time
	Old    uint32 // sequence numbers seen before
	Unseen uint32 // numbers of the receiver's stream acknowledged, never captured
	Missed uint32 // the same of the sender's own stream: acknowledged before, and it goes on behind them

	Unrecorded bool // there were more transitions than are recorded

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

// CopyFrom makes c a copy of o that shares nothing with it, in the room for transitions
// that c has. Nobody is told how it judges its segments.
func (c *Conn) CopyFrom(o *Conn) {
	transitions := append(c.Transitions[:0], o.Transitions...)
	*c = *o
	c.Transitions, c.Judgements = transitions, nil
	for i := range c.End {
		out := &c.End[i].Out
		out.blocks = slices.Clone(out.blocks)
	}
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
	m := c.expire(t)
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
	m := c.expire(t) | c.received(from.Peer(), s)
	if len(c.Transitions) != before {
		m |= StateChanged
	}
	if c.Judgements != nil {
		c.Judgements.end(from, m)
	}
	return m
}

// StepSelf runs a segment of a socket that is connected to itself: both ends of c are the
// one socket, which sends it and may receive it.
func (c *Conn) StepSelf(s *Segment, frame Frame, t Time) Meaning {
	c.at = Stamp{Time: t, Frame: frame, Nth: c.at.Nth + 1}
	if c.Judgements != nil {
		c.Judgements.begin(c)
	}
	before := len(c.Transitions)
	m := c.expire(t)
	for _, side := range [2]Side{Client, Server} {
		c.Fresh, c.Old, c.Unseen, c.Missed = 0, 0, 0, 0
		m |= c.sent(side, s)
	}
	m |= c.received(Server, s) | c.received(Client, s)
	c.remember(&c.End[Client], s)
	c.remember(&c.End[Server], s)
	if len(c.Transitions) != before {
		m |= StateChanged
	}
	if c.Judgements != nil {
		c.Judgements.end(Client, m)
	}
	return m
}

// Expire lets timers that ran out before t do their work, when nothing has come for so long.
func (c *Conn) Expire(t Time) Meaning {
	c.settleWaiting(Client, t)
	c.settleWaiting(Server, t)
	return c.expire(t)
}

func (c *Conn) expire(t Time) Meaning {
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
		c.Unrecorded = true
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

// remember keeps what later segments are compared with.
func (c *Conn) remember(x *Endpoint, s *Segment) {
	x.Seen, x.unheard, x.presumed = true, false, false
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
