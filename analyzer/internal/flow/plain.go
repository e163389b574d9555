package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Plain is a connection that is like others of its Shape in all that counts: one
// ordinary SYN of which nothing else was captured, as a flood is made of, or one
// that went by the book from its SYN to the ACK of its second FIN.
type Plain struct {
	ID             uint64 // in its table
	Client, Server decode.Endpoint
	First, Last    fsm.Time
	Frames         [2]fsm.Frame // the first, which is the SYN, and the last
	ISN            [2]fsm.Seq   // by side
	TSVal          [2]uint32    // of the SYNs
	Octets         [2]uint64    // payload
	Shape          Shape
}

// Shape is all that verdicts and checks of plain connections can depend on, but
// for the values that they only print.
type Shape struct {
	evicted bool

	// One that was closed.
	closed     bool
	closer     fsm.Side
	expired    bool // TIME-WAIT had passed
	unverified bool // a checksum
	data       [2]bool
	opts       [2]fsm.OptionSet

	// A lone SYN.
	flags                          fsm.Flags
	scale                          uint8
	checksum                       decode.Checksum
	mss, window, ack, tsVal, tsEcr bool // not 0
	isn, clientPort, serverPort    bool
	watched                        bool // for a second or more
}

// describe fills in t.plain with the connection at a place of the nursery, if it
// is one.
func (t *Table) describe(i uint32, evicted bool) bool {
	y := &t.nursery
	n := y.nascents.at(i)
	first := y.syn(n)
	c := &t.plain
	*c = Plain{
		ID: n.id, Client: n.client, Server: n.server, First: first.time, Last: first.time, Frames: [2]fsm.Frame{first.frame, first.frame},
		ISN: [2]fsm.Seq{first.seq}, TSVal: [2]uint32{first.tsVal},
	}
	if n.held == 1 {
		c.Shape = t.loneShape(n, first)
		c.Shape.evicted = evicted
		return true
	}
	if n.course == 0 {
		return false
	}
	course := y.courses.at(n.course)
	if course.stage != ended {
		return false
	}
	c.Last, c.Frames[1] = course.time, y.place(course, n.held-1).frame
	c.Shape = Shape{
		evicted: evicted, closed: true, closer: course.closer, expired: t.now >= course.timeWaitEnd(t.opt.MSL), unverified: course.unverified,
		clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
	}
	for side := range course.lanes {
		d := &course.lanes[side]
		c.ISN[side], c.TSVal[side], c.Octets[side] = d.isn, d.synTS, uint64(d.octets)
		c.Shape.opts[side], c.Shape.data[side] = d.offered, d.octets > 0
	}
	return true
}

func (t *Table) loneShape(n *nascent, b *brief) Shape {
	return Shape{
		flags: b.flags(), opts: [2]fsm.OptionSet{b.opts}, scale: b.scale, checksum: b.checksum(),
		mss: b.mss != 0, window: b.window != 0, ack: b.ack != 0, tsVal: b.tsVal != 0, tsEcr: b.tsEcr != 0,
		isn: b.seq != 0, clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
		watched: t.now-b.time >= fsm.Second,
	}
}

// asPredecessor fills in what the next connection of the key is to know of one that
// ended by the book and whose TIME-WAIT lasts until then.
func (c *course) asPredecessor(n *nascent, first *brief, until fsm.Time, pre *Predecessor) {
	pre.First, pre.Last, pre.Ends = first.frame, c.time, [2]decode.Endpoint{n.client, n.server}
	pre.Closed, pre.Over = true, true
	pre.TimeWait[c.closer], pre.Since[c.closer], pre.Until[c.closer] = true, c.lastFIN, until
	for side := range c.lanes {
		d := &c.lanes[side]
		pre.SndNxt[side], pre.ISN[side], pre.TSVal[side] = d.next, d.isn, d.ts
		pre.HasISN[side], pre.HasTS[side] = true, c.timestamps
	}
}

// timeWaitEnd returns when TIME-WAIT has lasted 2 MSL.
func (c *course) timeWaitEnd(msl fsm.Time) fsm.Time { return c.lastFIN + 2*msl }
