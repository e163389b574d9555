package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// followFastPath takes a segment of a connection that has been clean so far, if it
// still is with it.
func (y *compactStore) followFastPath(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64, room bool) bool {
	if n.held == maxFastPath || !room && n.held%uint8(len(block{})) == 0 || !plain(p) || n.clean == 0 && !y.startFastPath(n) {
		return false
	}
	c := y.clean.at(n.clean)
	b := y.segment(c, n.held)
	b.pack(p, from)
	if c.stage == idling || c.isKeepalive(from, b) {
		if !mayIdle(p.Segment.Flags) {
			return false
		}
		c.stage, c.time = idling, b.time
	} else if !c.accepts(from, b) {
		return false
	}
	y.note(n, b, p)
	if c.stage == ended {
		n.overAt = packets
		y.move(i, &y.open, &y.over)
	}
	return true
}

// startFastPath puts an embryonic connection on the fast path, if it is clean.
func (y *compactStore) startFastPath(n *compactConn) bool {
	if !n.open || !n.opened || n.more != 0 {
		return false
	}
	place := y.clean.take()
	c := y.clean.at(place)
	k := uint8(0)
	for i := n.first; i != 0; k++ {
		b := y.segments.at(i)
		*y.segment(c, k) = *b
		if !c.accepts(b.from(), b) {
			y.releaseClean(place)
			return false
		}
		if b.payload != 0 {
			c.halves[b.from()].keepPayload(b.payload)
		}
		i = b.next
	}
	y.releaseSegments(n)
	n.clean = place
	return true
}

// block is room for some segments on the fast path.
type block [8]packedSegment

// segment returns room for the k-th segment of a clean connection.
func (y *compactStore) segment(c *cleanConn, k uint8) *packedSegment {
	i := &c.blocks[k/uint8(len(block{}))]
	if *i == 0 {
		*i = y.blocks.takeUsed()
	}
	return &y.blocks.at(*i)[k%uint8(len(block{}))]
}

// releaseClean forgets a connection that is no longer on the fast path.
func (y *compactStore) releaseClean(place uint32) {
	for _, i := range y.clean.at(place).blocks {
		if i != 0 {
			y.blocks.release(i)
		}
	}
	y.clean.release(place)
}
