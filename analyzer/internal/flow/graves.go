package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// grave is what stays of a connection that was reported.
type grave struct {
	hash        uint64   // of its key
	until       fsm.Time // stragglers are expected until then
	incarnation int
	predecessor uint32 // its place; 0 for none
	robbed      bool   // found by the next connection of the key
}

// graves remembers reported connections by the hashes of their keys, the oldest
// forgotten first. Two keys of one hash are not told apart: with a secret seed it
// takes billions of connections within 2 MSL for one such pair.
type graves struct {
	at           places
	all          slab[grave]
	predecessors slab[Predecessor]
	queue        []uint32 // in the order of burial
	first        int      // index of the oldest in queue
}

// maxGraves bounds them; beyond it a straggler may look like a new connection.
const maxGraves = 1 << 18

// dig buries a connection. If the next one of its key is to be judged by it, it
// returns what is to be filled in.
func (g *graves) dig(x grave, judges bool) (pre *Predecessor) {
	if g.at.n >= maxGraves {
		g.drop()
	}
	i := g.all.take()
	if judges {
		x.predecessor = g.predecessors.take()
		pre = g.predecessors.at(x.predecessor)
	}
	*g.all.at(i) = x
	g.at.put(x.hash, i)
	g.queue = append(g.queue, i)
	return pre
}

// find returns the grave of a key's latest connection, or nil.
func (g *graves) find(hash uint64) (x *grave, place uint32) {
	i := g.at.find(hash, func(i uint32) bool { return g.all.at(i).hash == hash })
	if i == 0 {
		return nil, 0
	}
	return g.all.at(i), i
}

// rob takes a grave's contents out: its key opens anew.
func (g *graves) rob(place uint32) before {
	x := g.all.at(place)
	x.robbed = true
	b := before{incarnation: x.incarnation}
	if x.predecessor != 0 {
		pre := *g.predecessors.at(x.predecessor)
		b.predecessor = &pre
	}
	g.remove(x, place)
	return b
}

func (g *graves) remove(x *grave, place uint32) {
	g.at.drop(x.hash, place)
	if x.predecessor != 0 {
		g.predecessors.give(x.predecessor)
	}
}

func (g *graves) expire(now fsm.Time) {
	for g.first < len(g.queue) {
		if x := g.all.at(g.queue[g.first]); !x.robbed && x.until > now {
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
	i := g.queue[g.first]
	if x := g.all.at(i); !x.robbed {
		g.remove(x, i)
	}
	g.all.give(i)
	if g.first++; g.first > len(g.queue)/2 && g.first > 1024 {
		g.queue = append(g.queue[:0], g.queue[g.first:]...)
		g.first = 0
	}
}

// before is what a connection is to know of the earlier one of its key.
type before struct {
	incarnation int
	predecessor *Predecessor // nil if it does not matter any more
}
