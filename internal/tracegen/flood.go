package tracegen

import "io"

// Flood writes n SYNs to one server, each from another address and without an
// answer. Addresses that no router would let through are left out.
func Flood(w io.Writer, n int, seed uint64) (Counts, error) {
	g := newGenerator(w, seed)
	for i := g.rng.Uint32(); g.counts.Connections < uint64(n) && g.err == nil; i++ {
		address := scatter(i)
		if !routable(address) {
			continue
		}
		g.counts.Connections++
		c := conn{client: address, server: target, port: uint16(1024 + g.rng.IntN(64512))}
		c.seq[0] = g.rng.Uint32()
		c.id[0] = uint16(g.rng.Uint32())
		g.send(&c, 0, syn, 0)
	}
	return g.counts, g.err
}

// scatter takes successive numbers to addresses that look random, and no two
// numbers to the same one: each of its steps can be undone.
func scatter(x uint32) uint32 {
	x = (x ^ x>>16) * 0x7feb352d
	x = (x ^ x>>15) * 0x846ca68b
	return x ^ x>>16
}
