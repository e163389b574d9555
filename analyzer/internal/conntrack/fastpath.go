package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// followFastPath takes a segment of a connection that has been clean so far, if it
// still is with it.
func (y *compactStore) followFastPath(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64, room bool) bool {
	if n.held == maxFastPath || !plain(p) || isFatalAlert(p.Payload, p.Segment.Len) || n.clean == 0 && (!room || !y.startFastPath(n)) {
		return false
	}
	c := y.clean.at(n.clean)
	b := y.pack(n, p, from)
	if c.stage == idling || c.isKeepalive(from, b) {
		if !mayIdle(p.Segment.Flags) {
			return false
		}
		c.stage, c.time, c.frame = idling, b.time, b.frame
	} else if c.stage == closing && b.length > 0 || c.stage == parting {
		if p.Path != n.path[from] || !c.takesLeave(from, b, p.Payload) {
			return false
		}
	} else if !c.accepts(from, b) {
		return false
	}
	y.note(n, b, p)
	if c.isOver() {
		n.end(packets)
		y.move(i, &y.open, &y.over)
	}
	return true
}

// startFastPath puts an embryonic connection on the fast path, if it is clean.
func (y *compactStore) startFastPath(n *compactConn) bool {
	if !n.is(isOpen) || !n.is(hasBegun) {
		return false
	}
	place := y.clean.take()
	c := y.clean.at(place)
	for r := y.read(n); r.read(); {
		if isFatalAlert(r.data, r.length) || !c.accepts(r.from(), &r.packedSegment) {
			y.clean.release(place)
			return false
		}
	}
	n.clean = place
	return true
}

// isFatalAlert reports whether the segment is one after which a connection is not clean.
func isFatalAlert(data []byte, length uint32) bool {
	if length != appdata.AlertSize { // of most
		return false
	}
	name, _ := appdata.FatalAlert(data, length)
	return name != ""
}
