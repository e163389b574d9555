package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Plain is a connection that is like others of its Shape in all that counts: one
// ordinary SYN of which nothing else was captured, as a flood is made of, or one
// that went by the book from its SYN to the ACK of its second FIN.
type CleanSummary struct {
	ID             uint64 // in its table
	Client, Server decode.Endpoint
	First, Last    fsm.Time
	Frames         [2]fsm.Frame // the first, which is the SYN, and the last
	ISN            [2]fsm.Seq   // by side
	TSVal          [2]uint32    // of the SYNs
	Bytes          [2]uint64    // payload
	Key            TemplateKey
}

// Shape is all that verdicts and checks of plain connections can depend on, but
// for the values that they only print.
type TemplateKey struct {
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
func (t *Table) summarize(i uint32, evicted bool) bool {
	y := &t.embryonic
	n := y.conns.at(i)
	first := y.syn(n)
	c := &t.summary
	*c = CleanSummary{
		ID: n.id, Client: n.client, Server: n.server, First: first.time, Last: first.time, Frames: [2]fsm.Frame{first.frame, first.frame},
		ISN: [2]fsm.Seq{first.seq}, TSVal: [2]uint32{first.tsVal},
	}
	if n.held == 1 {
		c.Key = t.loneSYNKey(n, first)
		c.Key.evicted = evicted
		return true
	}
	if n.clean == 0 {
		return false
	}
	course := y.clean.at(n.clean)
	if course.stage != ended {
		return false
	}
	c.Last, c.Frames[1] = course.time, y.segment(course, n.held-1).frame
	c.Key = TemplateKey{
		evicted: evicted, closed: true, closer: course.closer, expired: t.now >= course.timeWaitEnd(t.opt.MSL), unverified: course.unverified,
		clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
	}
	for side := range course.halves {
		d := &course.halves[side]
		c.ISN[side], c.TSVal[side], c.Bytes[side] = d.isn, d.synTS, uint64(d.bytes)
		c.Key.opts[side], c.Key.data[side] = d.offered, d.bytes > 0
	}
	return true
}

func (t *Table) loneSYNKey(n *embryonic, b *packedSegment) TemplateKey {
	return TemplateKey{
		flags: b.flags(), opts: [2]fsm.OptionSet{b.opts}, scale: b.scale, checksum: b.checksum(),
		mss: b.mss != 0, window: b.window != 0, ack: b.ack != 0, tsVal: b.tsVal != 0, tsEcr: b.tsEcr != 0,
		isn: b.seq != 0, clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
		watched: t.now-b.time >= fsm.Second,
	}
}

// asPredecessor fills in what the next connection of the key is to know of one that
// ended by the book and whose TIME-WAIT lasts until then.
func (c *cleanConn) asPrevious(n *embryonic, first *packedSegment, until fsm.Time, pre *PreviousIncarnation) {
	pre.First, pre.Last, pre.Ends = first.frame, c.time, [2]decode.Endpoint{n.client, n.server}
	pre.Closed, pre.Over = true, true
	pre.TimeWait[c.closer], pre.Since[c.closer], pre.Until[c.closer] = true, c.lastFIN, until
	for side := range c.halves {
		d := &c.halves[side]
		pre.SndNxt[side], pre.ISN[side], pre.TSVal[side] = d.next, d.isn, d.ts
		pre.HasISN[side], pre.HasTS[side] = true, c.timestamps
	}
}

// timeWaitEnd returns when TIME-WAIT has lasted 2 MSL.
func (c *cleanConn) timeWaitEnd(msl fsm.Time) fsm.Time { return c.lastFIN + 2*msl }
