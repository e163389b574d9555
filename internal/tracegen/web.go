package tracegen

import "io"

// Web writes short HTTP connections of many clients to a few servers, at least n
// packets: whole connections, of 11 packets and more.
func Web(w io.Writer, n int, seed uint64) (Counts, error) {
	return web(w, n, seed, maxSegment, false)
}

// Small is Web with segments of few octets.
func Small(w io.Writer, n int, seed uint64) (Counts, error) { return web(w, n, seed, 48, false) }

// Uneven is Web with an ACK repeated in one connection of four. Nothing is wrong
// with that, but such a connection does not go by the book any more.
func Uneven(w io.Writer, n int, seed uint64) (Counts, error) {
	return web(w, n, seed, maxSegment, true)
}

func web(w io.Writer, n int, seed uint64, segment int, uneven bool) (Counts, error) {
	g := newGenerator(w, seed)
	step := func(c *conn) bool {
		switch s := c.stage; {
		case s < 3:
			g.open(c)
		case s == 3:
			g.send(c, 0, psh|ack, 80+g.rng.IntN(400))
		case s == 4:
			g.send(c, 1, ack, 0)
		case s < 5+2*c.responses:
			if s%2 == 1 {
				g.send(c, 1, ack, segment)
			} else {
				g.send(c, 0, ack, 0)
			}
		case s == 5+2*c.responses:
			g.send(c, 1, psh|ack, 1+g.rng.IntN(segment))
		case s == 6+2*c.responses:
			g.send(c, 0, ack, 0)
			if uneven && c.port%4 == 0 {
				g.send(c, 0, ack, 0)
			}
		default:
			return g.close(c, s-7-2*c.responses)
		}
		return true
	}
	return g.interleave(step, func() bool { return g.counts.Packets < uint64(n) })
}
