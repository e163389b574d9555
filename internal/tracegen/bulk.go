package tracegen

import "io"

// flight is how many segments the server of Bulk has under way: nearly all that
// the window takes, which is the busiest case for whoever keeps track of them.
const flight = window << windowScale / maxSegment / 2 * 2

// Bulk writes one download of at least n packets: full segments, an ACK for
// every second of them.
func Bulk(w io.Writer, n int, seed uint64) (Counts, error) {
	g := newGenerator(w, seed)
	c := g.connect()
	for ; c.stage < 3; c.stage++ {
		g.open(c)
	}
	g.send(c, 0, psh|ack, 200)
	g.send(c, 1, ack, 0)
	for sent := 0; g.counts.Packets < uint64(n) && g.err == nil; sent += 2 {
		if sent >= flight {
			g.acknowledge(c, flight-2)
		}
		g.send(c, 1, ack, maxSegment)
		g.send(c, 1, ack, maxSegment)
	}
	for left := min(flight, int(g.counts.Bytes-200)/maxSegment); left > 0 && g.err == nil; {
		left -= 2
		g.acknowledge(c, left)
	}
	for stage := 0; g.close(c, stage); stage++ {
	}
	return g.counts, g.err
}

// acknowledge sends the client's ACK of all but the last so many segments.
func (g *generator) acknowledge(c *conn, but int) {
	c.behind[0] = uint32(but * maxSegment)
	g.send(c, 0, ack, 0)
}
