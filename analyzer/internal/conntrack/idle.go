package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// A connection that idles has keepalives, of which the checks may have something to say;
// so it is not clean. But there may be very many, and what they do is little: they stay
// compact, and a Flow judges their segments when they go on to close, have become long, or
// are reported.

// isKeepalive reports whether a segment of an embryonic connection is a keepalive probe:
// it has the number before the one that its sender goes on with.
func (n *compactConn) isKeepalive(s *fsm.Segment, from fsm.Side) bool {
	return n.is(isOpen) && n.is(hasBegun) && s.Flags == fsm.ACK && s.Len <= 1 && s.Seq+1 == n.expected[from]
}

// isKeepalive does so on the fast path.
func (c *cleanConn) isKeepalive(from fsm.Side, b *packedSegment) bool {
	return c.stage == opened && b.flags() == fsm.ACK && b.length <= 1 && b.seq+1 == c.halves[from].next
}

// mayIdle reports whether a segment with these flags leaves a connection idling.
func mayIdle(f fsm.Flags) bool { return f&^fsm.PSH == fsm.ACK }

// holdIdle takes a segment of an embryonic connection that idles, be it a keepalive probe
// or its answer, or some more data.
func (y *compactStore) holdIdle(n *compactConn, p *decode.Packet, from fsm.Side) bool {
	if n.held >= maxFastPath || !mayIdle(p.Segment.Flags) || !plain(p) {
		return false
	}
	n.set(isIdle, true)
	expected := n.expected[from]
	y.append(n, p, from)
	if n.expected[from].Before(expected) {
		n.expected[from] = expected
	}
	return true
}
