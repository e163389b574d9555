package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// cleanConn follows a clean connection on the fast path: it is opened, used and closed
// in order, nothing is lost, retransmitted, out of order or odd, no window is filled
// or closed, nobody waits for a delayed ACK. Most connections of a sound network are
// such, and the checks have nothing to say of them; so while it is clean a connection
// needs no Flow. Where in doubt it is not clean: then a Flow is made of its segments
// and judges them as any others.
type cleanConn struct {
	halves     [2]half // by sending side
	stage      stage
	closer     fsm.Side  // who sent the first FIN
	timestamps bool      // agreed
	unverified bool      // a checksum
	asked      uint32    // octets that the client sent since the server's latest data
	owed       uint32    // octets that the server's latest answer announces and that it has not sent
	time       fsm.Time  // of the latest segment
	frame      fsm.Frame // of it
	lastFIN    fsm.Time  // when the latest FIN came
	waits      waits
}

// half is what one side sent.
type half struct {
	isn, next      fsm.Seq
	acked, edge    fsm.Seq // latest acknowledgment and right edge of the window
	synTS, ts      uint32
	bytes          uint32
	offered        fsm.OptionSet // on its SYN
	mss            uint16
	window         uint16
	scale          uint8 // agreed
	ttl            uint8 // of its latest segment
	small, delayed uint8 // segments below half of what the peer takes; ACKs held back
	lastData       fsm.Time
}

// stage is how far a clean connection has come.
type stage uint8

const (
	unopened stage = iota
	asked
	answered
	opened
	closing // one FIN
	closed  // both FINs, the first acknowledged
	ended   // and the second

	parting // one FIN, and close_notify of TLS from the other side
	cutOff  // and that was answered with a RST

	idling // none of these any more: see idle.go
)

// accepts takes the next segment, if the connection is clean with it. If not, c must
// not be used any more.
func (c *cleanConn) accepts(from fsm.Side, b *packedSegment) bool {
	if !c.isCleanWith(from, b) {
		return false
	}
	c.wait(from, b)
	return true
}

func (c *cleanConn) isCleanWith(from fsm.Side, b *packedSegment) bool {
	if b.rare != 0 || b.time < c.time || b.window == 0 || b.tos&3 == flow.CongestionExperienced {
		return false
	}
	c.time, c.frame = b.time, b.frame
	c.unverified = c.unverified || b.bits&packedVerified == 0
	if c.stage < answered {
		return c.acceptsOpening(from, b)
	}
	d, r := &c.halves[from], &c.halves[from.Peer()]
	if b.flags()&^(fsm.PSH|fsm.FIN) != fsm.ACK || b.seq != d.next || b.ack.Before(d.acked) || b.ack.After(r.next) {
		return false
	}
	d.ttl = b.ttl
	return c.timestampsFit(d, r, b) && c.dataFits(d, r, b) && c.windowFits(from, d, b) && c.advance(from, d, r, b)
}

// takesLeave takes the segments that many connections of TLS end with, where the side that
// closes first does so for both ways: the other's close_notify, and the RST that
// answers it.
func (c *cleanConn) takesLeave(from fsm.Side, b *packedSegment, data []byte) bool {
	const soon = fsm.Second
	d, r := &c.halves[from], &c.halves[from.Peer()]
	if c.stage == closing {
		if from == c.closer || b.flags()&fsm.FIN != 0 || b.ack != r.next || d.bytes == 0 || b.time-c.lastFIN > soon || !flow.IsCloseNotify(data, b.length) {
			return false
		}
		c.stage = parting
		return c.accepts(from, b)
	}
	if from != c.closer || b.flags() != fsm.RST || b.rare != 0 || b.time < c.time || b.seq != d.next || b.ack != 0 || b.window != 0 || b.length != 0 || b.opts != 0 ||
		b.ttl != d.ttl || b.tos&3 == flow.CongestionExperienced {
		return false
	}
	c.unverified = c.unverified || b.bits&packedVerified == 0
	c.stage, c.time, c.frame = cutOff, b.time, b.frame
	w := &c.waits
	w.passes(b.time)
	w.since = 0
	w.packets[from]++
	return true
}

// isOver reports whether the connection came to its end.
func (c *cleanConn) isOver() bool { return c.stage == ended || c.stage == cutOff }

// acceptsOpening takes a SYN and the SYN-ACK that answers it.
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

// timestampsFit looks at the options: timestamps where they were agreed, going forward,
// and nothing else.
func (c *cleanConn) timestampsFit(d, r *half, b *packedSegment) bool {
	if !c.timestamps {
		return b.opts == 0
	}
	if b.opts != fsm.OptTimestamps || b.tsVal-d.ts >= flow.ClockJumpTicks || b.tsEcr-r.synTS > r.ts-r.synTS {
		return false
	}
	d.ts = b.tsVal
	return true
}

// dataFits looks whether the peer has room for the segment, and whether it is of a
// usual size.
func (c *cleanConn) dataFits(d, r *half, b *packedSegment) bool {
	const maxSmall = 20 // well below what makes a run of tiny segments
	if b.length == 0 && b.flags()&fsm.FIN == 0 {
		return true
	}
	if !b.seq.Add(b.length + 1).Before(r.edge) {
		return false
	}
	if b.length == 0 {
		return true
	}
	if b.length > uint32(r.mss) && b.length+uint32(b.headers) <= 1500 || c.stage >= closing && c.stage != parting {
		return false
	}
	if 2*b.length < uint32(r.mss) {
		d.small++
	}
	d.bytes += b.length
	d.lastData = b.time
	if b.from() == fsm.Client {
		c.asked += b.length
	} else {
		if c.asked > 0 {
			c.asked, c.owed = 0, b.message
		}
		c.owed -= min(c.owed, b.length)
	}
	return d.small <= maxSmall
}

// windowFits looks at the window: its right edge never goes back by more than the
// scale rounds.
func (c *cleanConn) windowFits(from fsm.Side, d *half, b *packedSegment) bool {
	scaled := uint32(b.window) << d.scale
	edge := b.ack.Add(scaled)
	ok := edge.Minus(d.edge) > -(int32(1) << d.scale)
	if c.stage == answered { // the SYN's window does not count
		ok = from == fsm.Client && b.ack == c.halves[fsm.Server].next && scaled >= flow.SlamBelow
	}
	d.edge = edge
	return ok
}

// advance takes the connection on by the segment's acknowledgment and FIN.
func (c *cleanConn) advance(from fsm.Side, d, r *half, b *packedSegment) bool {
	fin := b.flags()&fsm.FIN != 0
	if b.length == 0 && !fin && !d.acknowledges(r, b) {
		return false
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
	case c.stage == opened && fin && from == fsm.Server && c.owes(d):
		return false
	case c.stage == opened && fin:
		c.stage, c.closer, c.lastFIN = closing, from, b.time
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
	case c.isOver():
		return false
	}
	return true
}

// owes reports whether the server, which sent d, may close without an answer to a request, or in the
// middle of one.
func (c *cleanConn) owes(d *half) bool {
	return c.owed > 0 || c.asked > 0 && (d.bytes == 0 || c.asked >= flow.LeastRequest)
}

// acknowledges reports whether a segment without data or FIN says something new, and that the
// side has not often waited with it.
func (d *half) acknowledges(r *half, b *packedSegment) bool {
	const maxDelayed = 2 // one less than makes a stall
	if b.ack == d.acked && b.window == d.window {
		return false
	}
	if wait := b.time - r.lastData; r.lastData != 0 && wait >= flow.ShortestDelayedACK && wait <= flow.LongestDelayedACK {
		d.delayed++
	}
	return d.delayed <= maxDelayed
}

// asPrevious fills in what the next connection of the key is to know of a clean one
// that ended and whose TIME-WAIT lasts until then.
func (c *cleanConn) asPrevious(n *compactConn, until fsm.Time, pre *flow.PreviousIncarnation) {
	pre.First, pre.Last, pre.Ends = n.firstFrame, c.time, [2]decode.Endpoint{n.client, n.server}
	pre.Closed, pre.Over = true, true
	pre.TimeWait[c.closer], pre.Since[c.closer], pre.Until[c.closer] = true, c.lastFIN, until
	for side := range c.halves {
		d := &c.halves[side]
		pre.SndNxt[side], pre.ISN[side], pre.TSVal[side] = d.next, d.isn, d.ts
		pre.HasISN[side], pre.HasTS[side] = true, c.timestamps
	}
}

// timeWaitEnd returns when TIME-WAIT has lasted 2 MSL.
func (c *cleanConn) timeWaitEnd(twoMSL fsm.Time) fsm.Time { return c.lastFIN + twoMSL }
