package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// course follows a connection that goes by the book: it is opened, used and
// closed in order, nothing is lost, repeated, overtaken or odd, no window is
// filled or closed, nobody waits for a delayed ACK. Most connections of a sound
// network are such, and no check has anything to say of them; so until it leaves
// the book a connection needs no Flow. Where in doubt, it has left the book: then a
// Flow is made of its segments and judges them as any others.
type cleanConn struct {
	halves     [2]half // by sending side
	stage      stage
	closer     fsm.Side                           // who sent the first FIN
	timestamps bool                               // agreed
	unverified bool                               // a checksum
	time       fsm.Time                           // of the latest segment
	lastFIN    fsm.Time                           // when the second FIN came
	blocks     [maxFastPath / len(block{})]uint32 // of its segments
}

// lane is what one side sent.
type half struct {
	isn, next      fsm.Seq
	acked, edge    fsm.Seq // latest acknowledgment and right edge of the window
	synTS, ts      uint32
	bytes          uint32
	offered        fsm.OptionSet // on its SYN
	mss            uint16
	window         uint16
	scale          uint8 // agreed
	small, delayed uint8 // segments below half of what the peer takes; ACKs held back
	lastData       fsm.Time
	payloads       [keptSegments]uint32 // places of the latest
	pos            uint8                // of the oldest of them
}

// keep notes the place of the payload that comes next.
func (d *half) keepPayload(place uint32) {
	d.payloads[d.pos] = place
	d.pos = (d.pos + 1) % keptSegments
}

// oldest returns the place of the payload that the next one displaces, 0 for none.
func (d *half) oldestPayload() uint32 {
	i := d.payloads[d.pos]
	if i != 0 {
		d.keepPayload(i)
	}
	return i
}

// stage is how far a course has come.
type stage uint8

const (
	unopened stage = iota
	asked
	answered
	opened
	closing // one FIN
	closed  // both FINs, the first acknowledged
	ended   // and the second
)

// take takes the next segment, if it goes by the book. If not, the course must
// not be used any more.
func (c *cleanConn) accepts(from fsm.Side, b *packedSegment) bool {
	if b.time < c.time || b.window == 0 || b.tos&3 == congestionExperienced {
		return false
	}
	c.time = b.time
	c.unverified = c.unverified || b.bits&packedVerified == 0
	if c.stage < answered {
		return c.acceptsOpening(from, b)
	}
	d, r := &c.halves[from], &c.halves[from.Peer()]
	if b.flags()&^(fsm.PSH|fsm.FIN) != fsm.ACK || b.seq != d.next || b.ack.Before(d.acked) || b.ack.After(r.next) {
		return false
	}
	return c.timestampsFit(d, r, b) && c.dataFits(d, r, b) && c.windowFits(from, d, b) && c.advance(from, d, r, b)
}

// open takes a SYN and the SYN-ACK that answers it.
func (c *cleanConn) acceptsOpening(from fsm.Side, b *packedSegment) bool {
	const usual = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps
	d, r := &c.halves[from], &c.halves[from.Peer()]
	if b.opts&^usual != 0 || b.opts&fsm.OptMSS == 0 || b.mss == 0 || b.scale > 14 || b.length > 0 {
		return false
	}
	switch {
	case c.stage == unopened && from == fsm.Client && b.flags() == fsm.SYN && b.ack == 0:
	case c.stage == asked && from == fsm.Server && b.flags() == fsm.SYN|fsm.ACK && b.ack == r.next && b.opts&^r.offered == 0 &&
		(b.opts&fsm.OptTimestamps == 0 || b.tsEcr == r.ts):
		c.timestamps = b.opts&fsm.OptTimestamps != 0
		if b.opts&fsm.OptWindowScale == 0 {
			r.scale = 0
		}
		r.acked = b.seq
	default:
		return false
	}
	c.stage++
	d.isn, d.next, d.acked = b.seq, b.seq+1, b.ack
	d.edge = b.ack.Add(uint32(b.window)) // never scaled on a SYN
	d.offered, d.mss, d.window, d.scale = b.opts, b.mss, b.window, b.scale
	d.synTS, d.ts = b.tsVal, b.tsVal
	return true
}

// stamped looks at the options: timestamps where they were agreed, going forward,
// and nothing else.
func (c *cleanConn) timestampsFit(d, r *half, b *packedSegment) bool {
	if !c.timestamps {
		return b.opts == 0
	}
	if b.opts != fsm.OptTimestamps || b.tsVal-d.ts >= clockJump || b.tsEcr-r.synTS > r.ts-r.synTS {
		return false
	}
	d.ts = b.tsVal
	return true
}

// fits looks whether the peer has room for the segment, and whether it is of a
// usual size.
func (c *cleanConn) dataFits(d, r *half, b *packedSegment) bool {
	const mostSmall = 20 // well below what makes a run of tiny segments
	if b.length == 0 && b.flags()&fsm.FIN == 0 {
		return true
	}
	if !b.seq.Add(b.length + 1).Before(r.edge) {
		return false
	}
	if b.length == 0 {
		return true
	}
	if b.length > uint32(r.mss) && b.length+uint32(b.headers) <= 1500 || c.stage >= closing {
		return false
	}
	if 2*b.length < uint32(r.mss) {
		d.small++
	}
	d.bytes += b.length
	d.lastData = b.time
	return d.small <= mostSmall
}

// offers looks at the window: its right edge never goes back by more than the
// scale rounds.
func (c *cleanConn) windowFits(from fsm.Side, d *half, b *packedSegment) bool {
	scaled := uint32(b.window) << d.scale
	edge := b.ack.Add(scaled)
	ok := edge.Minus(d.edge) > -(int32(1) << d.scale)
	if c.stage == answered { // the SYN's window does not count
		ok = from == fsm.Client && b.ack == c.halves[fsm.Server].next && scaled >= slamBelow
	}
	d.edge = edge
	return ok
}

// moves takes the connection on by the segment's acknowledgment and FIN.
func (c *cleanConn) advance(from fsm.Side, d, r *half, b *packedSegment) bool {
	const mostTardy = 2 // one less than makes a stall
	fin := b.flags()&fsm.FIN != 0
	if b.length == 0 && !fin {
		if b.ack == d.acked && b.window == d.window {
			return false // it says nothing new
		}
		if wait := b.time - r.lastData; r.lastData != 0 && wait >= shortestDelay && wait <= longestDelay {
			if d.delayed++; d.delayed > mostTardy {
				return false
			}
		}
	}
	d.acked, d.window = b.ack, b.window
	d.next = d.next.Add(b.length)
	if fin {
		d.next++
	}
	switch {
	case c.stage == answered && fin:
		return false
	case c.stage == answered:
		c.stage = opened
	case c.stage == opened && fin:
		c.stage, c.closer = closing, from
	case c.stage == closing && fin:
		if from == c.closer || b.ack != r.next {
			return false // the two FINs cross
		}
		c.stage, c.lastFIN = closed, b.time
	case c.stage == closed:
		if from != c.closer || fin || b.ack != r.next {
			return false
		}
		c.stage = ended
	case c.stage == ended:
		return false
	}
	return true
}
