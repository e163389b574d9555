package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// A connection of very few segments has a shape: all of these that a verdict or a check
// may depend on, which is everything but the numbers themselves. Floods and scans are
// millions of connections of a handful of shapes.

// maxShaped is how many segments a connection with a shape has at most.
const maxShaped = 3

// segmentShape is one segment of a shape. What has no room here has no shape either.
type segmentShape struct {
	bits       packedBits
	has        shapeBits
	rare       packedRare
	scale      uint8
	gap        uint8 // how long after the segment before it, as far as that matters
	opts       fsm.OptionSet
	begun, cut fsm.OptionSet
}

// shapeBits are yes or no of a segment's numbers.
type shapeBits uint16

const (
	hasSeq shapeBits = 1 << iota
	hasAck
	hasWindow
	hasMSS
	hasTSVal
	hasTSEcr
	hasUrgent
	hasData
	hasBytes // of data, more than one
	hasCookie
	isGiant
	acksPeer  // all that the peer had sent by then
	echoesNow // the peer's latest timestamp
	newStamp  // its timestamp is another than its sender's before
	newWindow
)

// shapeOf fills in the shape of a connection's segments. It reports whether they have one.
func (y *compactStore) shapeOf(n *compactConn, key *TemplateKey) bool {
	if n.clean != 0 || n.held > maxShaped {
		return false
	}
	var all [maxShaped]packedSegment
	var latest [2]*packedSegment // by side
	var before *packedSegment
	ok := true
	r := y.read(n)
	for nth := 0; r.read(); nth++ {
		all[nth] = r.packedSegment
		b, s := &all[nth], &key.segments[nth]
		s.bits, s.rare, s.scale, s.opts = b.bits&^packedIPID, b.rare&^rareMore, min(b.scale, 15), b.opts
		s.has = b.has()
		if b.rare&rareMore != 0 {
			m := &r.more
			s.begun, s.cut = m.begun, m.cut
			s.has.set(hasUrgent, m.urgent != 0)
			s.has.set(hasCookie, m.cookieLen != 0)
			ok = ok && m.numSACK == 0
		}
		from := b.from()
		if own := latest[from]; own != nil {
			s.has.set(newStamp, b.tsVal != own.tsVal)
			ok = ok && (b.ttl == own.ttl || b.flags()&fsm.RST == 0)
			s.has.set(newWindow, b.window != own.window)
		}
		if peer := latest[from.Peer()]; peer != nil {
			s.has.set(acksPeer, b.ack == n.expected[from.Peer()])
			s.has.set(echoesNow, b.tsEcr == peer.tsVal)
		}
		if before != nil {
			wait := b.time - before.time
			s.gap = gapClass(wait)
			ok = ok && wait >= 0 && before.length == 0 && b.length == 0
			// Between these two it depends on the round trip whether a RST came at once.
			ok = ok && (b.flags()&fsm.RST == 0 || wait < fsm.Second || wait > fsm.Second+4*(before.time-n.began))
		}
		latest[from], before = b, b
	}
	return ok
}

// has returns what the numbers of the segment alone say.
func (b *packedSegment) has() (h shapeBits) {
	h.set(hasSeq, b.seq != 0)
	h.set(hasAck, b.ack != 0)
	h.set(hasWindow, b.window != 0)
	h.set(hasMSS, b.mss != 0)
	h.set(hasTSVal, b.tsVal != 0)
	h.set(hasTSEcr, b.tsEcr != 0)
	h.set(hasData, b.length != 0)
	h.set(hasBytes, b.length > 1)
	h.set(isGiant, b.length+uint32(b.headers) > 1500)
	return h
}

func (h *shapeBits) set(bit shapeBits, to bool) {
	if to {
		*h |= bit
	}
}

// gapClass tells times apart as far as a verdict on few segments does.
func gapClass(d fsm.Time) (class uint8) {
	for _, limit := range [...]fsm.Time{5_000_000, 200_000_000, fsm.Second, 3 * fsm.Second, 10 * fsm.Second, 60 * fsm.Second} {
		if d < limit {
			return class
		}
		class++
	}
	return class
}

// shortKey fills in the key of a connection of few segments, and reports whether it has
// one.
func (t *Table) shortKey(n *compactConn, key *TemplateKey) bool {
	y := &t.compact
	if !y.shapeOf(n, key) {
		return false
	}
	key.kind = Short
	key.clientPort, key.serverPort = n.client.Port != 0, n.server.Port != 0
	now := t.asOf(n.firstFrame, n.latest)
	key.since = [2]uint8{gapClass(now - n.began), gapClass(now - n.latest)}
	// Between these two it depends on the round trip whether an answer was to be expected.
	wait := now - n.latest
	return !n.is(hasAnswer) || n.is(isOver) || wait < fsm.Second || wait > fsm.Second+4*(n.latest-n.began)
}

// shortSummary fills in what a connection of few segments has of its own. It reports
// whether its handshake, if it has one, was as quick as no check minds.
func (y *compactStore) shortSummary(n *compactConn, c *CleanSummary, limit fsm.Time) bool {
	var hasSYN [2]bool
	var syn fsm.Time // the client's latest
	x := &c.Times
	for b := y.read(n); b.read(); {
		switch decode.Copy(b.rare & rareCopy) {
		case decode.CapturedTwice, decode.PerhapsTwice:
			continue
		}
		c.Last, c.Frames[1] = b.time, b.frame
		from := b.from()
		x.Packets[from]++
		if b.flags()&fsm.RST == 0 { // a RST's data is none of the stream
			c.Bytes[from] += uint64(b.length)
			if b.length > 0 {
				x.FirstData, x.LastData = b.time, b.time // there is but one with data
			}
		}
		switch b.flags() & (fsm.SYN | fsm.ACK) {
		case fsm.SYN | fsm.ACK:
			c.ISN[from.Peer()] = b.ack - 1
			fallthrough
		case fsm.SYN:
			c.ISN[from] = b.seq
			if !hasSYN[from] {
				hasSYN[from], c.TSVal[from] = true, b.tsVal
			}
		}
		switch {
		case from != fsm.Client || b.flags()&fsm.RST != 0:
		case b.flags()&fsm.SYN != 0:
			syn = b.time
		case hasSYN[fsm.Server] && syn != 0:
			x.Handshake = b.time - syn
		}
	}
	return x.Handshake <= limit
}
