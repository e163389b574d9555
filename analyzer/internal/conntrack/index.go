package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
)

// index finds the connection of a packet by a hash of its key, whichever way the
// packet goes: one that is tracked whole, or a compact one.
type index struct {
	seed    hashSeed
	at      hashTable
	tagged  hashTable    // the encapsulated ones by their endpoints alone; of several the latest
	conns   []*conn      // by their places, without connPlace
	waits   []flow.Waits // beside them: Flow.Waits, or unknown; looking there costs little
	free    []uint32
	compact *arena[compactConn]
}

// unknown stands for a wait of a connection that had a segment since it was looked at.
var unknown = flow.Waits{First: -1}

// connPlace marks the places of connections tracked whole; the others are those of
// compact ones.
const connPlace = 1 << 31

// find returns the connection between two endpoints, if there is one.
func (x *index) find(hash uint64, a, b *decode.Endpoint, encap decode.Encap) (c *conn, compact uint32) {
	place := x.at.find(hash, func(place uint32) bool {
		if place&connPlace != 0 {
			k := &x.conns[place&^connPlace].key
			return k.Encap == encap && (decode.Same(&k.A, a) && decode.Same(&k.B, b) || decode.Same(&k.A, b) && decode.Same(&k.B, a))
		}
		n := x.compact.at(place)
		return n.encap == encap && (decode.Same(&n.client, a) && decode.Same(&n.server, b) || decode.Same(&n.client, b) && decode.Same(&n.server, a))
	})
	if place&connPlace != 0 {
		return x.conns[place&^connPlace], 0
	}
	return nil, place
}

// put enters a connection whose key is not in the index.
func (x *index) put(c *conn, hash uint64) {
	var i uint32
	if last := len(x.free) - 1; last >= 0 {
		i = x.free[last]
		x.free = x.free[:last]
		x.conns[i], x.waits[i] = c, unknown
	} else {
		i = uint32(len(x.conns))
		x.conns, x.waits = append(x.conns, c), append(x.waits, unknown)
	}
	c.hash, c.place = hash, connPlace|i
	x.at.put(hash, c.place)
	if c.key.Encap != 0 {
		x.tag(c.place, &c.key.A, &c.key.B)
	}
}

// remove takes the connection out, if it is there.
func (x *index) remove(c *conn) {
	if c.place == 0 {
		return
	}
	if c.key.Encap != 0 {
		x.untag(c.place, &c.key.A, &c.key.B)
	}
	x.at.remove(c.hash, c.place)
	i := c.place &^ connPlace
	x.conns[i], x.waits[i], c.place = nil, flow.Waits{}, 0
	x.free = append(x.free, i)
}

// putCompact enters a compact connection.
func (x *index) putCompact(i uint32, hash uint64) {
	n := x.compact.at(i)
	x.at.put(hash, i)
	if n.encap != 0 {
		x.tag(i, &n.client, &n.server)
	}
}

// removeCompact takes one out.
func (x *index) removeCompact(i uint32) {
	n := x.compact.at(i)
	if n.encap != 0 {
		x.untag(i, &n.client, &n.server)
	}
	x.at.remove(x.hashOf(n), i)
}

// hashOf returns the hash of a compact connection's key.
func (x *index) hashOf(n *compactConn) uint64 { return x.seed.hash(&n.client, &n.server, n.encap) }

// findTagged returns the place of the latest encapsulated connection between two
// endpoints, or 0.
func (x *index) findTagged(hash uint64, a, b *decode.Endpoint) uint32 {
	return x.tagged.find(hash, func(place uint32) bool {
		if place&connPlace != 0 {
			k := &x.conns[place&^connPlace].key
			return decode.Same(&k.A, a) && decode.Same(&k.B, b) || decode.Same(&k.A, b) && decode.Same(&k.B, a)
		}
		n := x.compact.at(place)
		return decode.Same(&n.client, a) && decode.Same(&n.server, b) || decode.Same(&n.client, b) && decode.Same(&n.server, a)
	})
}

// latest returns what findTagged does for a compact connection's endpoints.
func (x *index) latest(n *compactConn) uint32 {
	return x.findTagged(x.seed.hash(&n.client, &n.server, 0), &n.client, &n.server)
}

// tag makes the place that of the latest encapsulated connection between two endpoints; 0
// for none.
func (x *index) tag(place uint32, a, b *decode.Endpoint) {
	hash := x.seed.hash(a, b, 0)
	if before := x.findTagged(hash, a, b); before != 0 {
		x.tagged.remove(hash, before)
	}
	if place != 0 {
		x.tagged.put(hash, place)
	}
}

func (x *index) untag(place uint32, a, b *decode.Endpoint) {
	x.tagged.remove(x.seed.hash(a, b, 0), place) // if it is the latest
}
