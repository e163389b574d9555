package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// grave is what stays of a connection that was reported.
type grave struct {
	until       fsm.Time // stragglers are expected until then
	incarnation int
	predecessor *Predecessor
}

// graves remembers reported connections by the hashes of their keys, the oldest
// forgotten first. Two keys of one hash are not told apart: with a secret seed it
// takes billions of connections within 2 MSL for one such pair.
type graves struct {
	at    map[uint64]grave
	queue []uint64 // in the order of burial
	first int      // index of the oldest in queue
}

// maxGraves bounds them; beyond it a straggler may look like a new connection.
const maxGraves = 1 << 18

func (g *graves) dig(k uint64, x grave) {
	if len(g.at) >= maxGraves {
		g.drop()
	}
	g.at[k] = x
	g.queue = append(g.queue, k)
}

func (g *graves) expire(now fsm.Time) {
	for g.first < len(g.queue) {
		k := g.queue[g.first]
		if x, ok := g.at[k]; ok && x.until > now {
			return
		}
		g.drop()
	}
}

// drop forgets the oldest.
func (g *graves) drop() {
	if g.first == len(g.queue) {
		return
	}
	delete(g.at, g.queue[g.first])
	if g.first++; g.first > len(g.queue)/2 && g.first > 1024 {
		g.queue = append(g.queue[:0], g.queue[g.first:]...)
		g.first = 0
	}
}
