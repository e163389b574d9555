package tracegen

import "io"

// Open writes n connections that each have a handshake, a request and an answer,
// and of which none is closed.
func Open(w io.Writer, n int, seed uint64) (Counts, error) {
	g := newGenerator(w, seed)
	step := func(c *conn) bool {
		switch c.stage {
		case 3:
			g.send(c, 0, psh|ack, 40)
		case 4:
			g.send(c, 1, psh|ack, 80)
		case 5:
			g.send(c, 0, ack, 0)
			return false
		default:
			g.open(c)
		}
		return true
	}
	return g.interleave(step, func() bool { return g.counts.Connections < uint64(n) })
}
