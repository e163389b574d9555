// Package trace makes the captures that speed and memory are measured on, with
// right checksums and with nothing wrong in them that the name does not say. It
// needs no more memory for a long trace than for a short one, but for a few bytes
// a segment in one kind, and the same arguments give the same bytes.
package tracegen

import (
	"io"
	"math/rand/v2"
)

// Edition is raised whenever the bytes of a trace change, so that traces kept
// from earlier are not taken for those of today.
const Edition = 1

// Counts is what a trace holds.
type Counts struct {
	Packets, Connections uint64
	Bytes                uint64 // of payload
}

// Kind is a sort of trace. What Write's n counts depends on it.
type Kind struct {
	Name, Title string
	Write       func(w io.Writer, n int, seed uint64) (Counts, error)
	Disputed    bool // Counts.Connections are 4-tuples; how many connections they are can be judged in two ways
}

// Kinds are those of ordinary traffic, and the plainest flood. Floods and
// Monsters hold the others.
var Kinds = []Kind{
	{Name: "web", Title: "short HTTP connections, some hundreds at a time; n packets at least", Write: Web},
	{Name: "small", Title: "the same with small segments: many packets in few octets; n packets at least", Write: Small},
	{Name: "uneven", Title: "as web, with an ACK repeated in one connection of four; n packets at least", Write: Uneven},
	{Name: "bulk", Title: "one long download; n packets at least", Write: Bulk},
	{Name: "flood", Title: "SYNs from random addresses to one server that does not answer; n SYNs", Write: Flood},
	{Name: "open", Title: "connections that have made one exchange and stay open; n connections", Write: Open},
}

// Find returns the kind of that name, or nil.
func Find(name string) *Kind {
	for _, list := range [][]Kind{Kinds, Floods, Monsters} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// generator writes connections segment by segment.
type generator struct {
	segments
	rng    *rand.Rand
	counts Counts
}

func newGenerator(w io.Writer, seed uint64) *generator {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 1))}
	g.begin(w)
	return g
}

// conn is a connection that is under way.
type conn struct {
	client, server   uint32
	port             uint16
	stage, responses int
	seq              [2]uint32 // next number of client and server
	behind           [2]uint32 // by how much each side's ACKs trail what its peer sent
	id               [2]uint16
	stamp            [2]uint32 // latest timestamps
}

// connect makes a connection with an address and port that no other has.
func (g *generator) connect() *conn {
	g.counts.Connections++
	n := uint32(g.counts.Connections)
	return &conn{
		client: 0x0a000000 | n/28000<<8 | n%200 + 2, server: 0x0a640000 | n%16 + 1, port: uint16(32768 + n%28000),
		seq: [2]uint32{g.rng.Uint32(), g.rng.Uint32()}, responses: 1 + g.rng.IntN(12),
	}
}

// send sends a segment a few microseconds after the one before, from side 0, the
// client, or 1, the server.
func (g *generator) send(c *conn, side int, flags byte, length int) {
	g.now += int64(1000 + g.rng.IntN(4000))
	g.counts.Packets++
	g.counts.Bytes += uint64(length)
	g.write(c, side, flags, length)
}

// open sends the handshake's segment of this stage.
func (g *generator) open(c *conn) {
	switch c.stage {
	case 0:
		g.send(c, 0, syn, 0)
	case 1:
		g.send(c, 1, syn|ack, 0)
	case 2:
		g.send(c, 0, ack, 0)
	}
}

// close sends the segment of this stage of a close that the client begins, and
// reports whether more follow.
func (g *generator) close(c *conn, stage int) bool {
	switch stage {
	case 0:
		g.send(c, 0, fin|ack, 0)
	case 1:
		g.send(c, 1, fin|ack, 0)
	case 2:
		g.send(c, 0, ack, 0)
		return false
	}
	return true
}

// concurrent is how many connections are under way at a time.
const concurrent = 400

// interleave plays many connections at once, a segment of a random one at a
// time, and begins new ones while more says so.
func (g *generator) interleave(step func(*conn) bool, more func() bool) (Counts, error) {
	active := make([]*conn, 0, concurrent)
	for len(active) < concurrent && more() {
		active = append(active, g.connect())
	}
	for len(active) > 0 && g.err == nil {
		i := g.rng.IntN(len(active))
		if step(active[i]) {
			active[i].stage++
			continue
		}
		if more() {
			active[i] = g.connect()
			continue
		}
		active[i] = active[len(active)-1]
		active = active[:len(active)-1]
	}
	return g.counts, g.err
}
