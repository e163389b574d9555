package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// openConn follows a connection that nobody has closed, to see whether it is clean as far
// as it goes: everything acknowledged, and then perhaps keepalives with their answers.
type openConn struct {
	cleanConn
	probes  [2]uint8 // by who sent them
	probing bool     // the latest segment is a probe
	prober  fsm.Side
}

// mostProbes is how many keepalives of one side an open clean connection has at most: fewer
// than any check minds, if they are answered.
const mostProbes = 8

// openClean returns what is known of the connection, or nil if it is not clean, not opened,
// or something was not acknowledged when it was last heard of. The result is valid until the
// next call.
func (y *compactStore) openClean(n *compactConn) *openConn {
	c := &y.opened
	*c = openConn{}
	if !n.is(isOpen) || !n.is(hasBegun) {
		return nil
	}
	if n.clean != 0 && y.clean.at(n.clean).stage == opened {
		c.cleanConn = *y.clean.at(n.clean)
	} else {
		for r := y.read(n); r.read(); {
			if isFatalAlert(r.data, r.length) || !c.follows(&r.packedSegment) {
				return nil
			}
		}
	}
	if c.stage != opened || c.probing || !c.quiet() {
		return nil
	}
	return c
}

// quiet reports whether each side acknowledged all that the other sent.
func (c *cleanConn) quiet() bool {
	a, b := &c.halves[fsm.Client], &c.halves[fsm.Server]
	return a.acked == b.next && b.acked == a.next
}

// follows takes the next segment.
func (c *openConn) follows(b *packedSegment) bool {
	from := b.from()
	if !c.probing && !c.isKeepalive(from, b) {
		return c.probes == [2]uint8{} && c.accepts(from, b)
	}
	d, r := &c.halves[from], &c.halves[from.Peer()]
	if b.rare != 0 || b.time < c.time || b.flags() != fsm.ACK || b.length != 0 || b.window != d.window || b.ack != r.next || !c.quiet() ||
		b.tos&3 == flow.CongestionExperienced || !c.timestampsFit(d, r, b) {
		return false
	}
	c.unverified = c.unverified || b.bits&packedVerified == 0
	c.waits.packets[from]++
	if c.probing {
		ok := from != c.prober && b.seq == d.next && b.time-c.time < fsm.Second
		c.time, c.frame, c.probing = b.time, b.frame, false
		return ok
	}
	c.time, c.frame, c.probing, c.prober = b.time, b.frame, true, from
	c.probes[from]++
	return c.probes[from] <= mostProbes
}
