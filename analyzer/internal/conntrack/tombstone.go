package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// tombstone is what stays of a connection that was reported.
type tombstone struct {
	hash        uint64   // of its key
	until       fsm.Time // stragglers are expected until then
	incarnation int32
	previous    uint32  // place of what the next connection is judged by; 0 for none
	isn         fsm.Seq // of one that was evicted: of its first SYN
	reopened    bool    // found by the next connection of the key
	seen        bool    // of one that was evicted: it went on
}

// tombstones remembers reported connections by the hashes of their keys, the oldest
// forgotten first. Two keys of one hash are not told apart: with a secret seed it
// takes billions of connections within 2 MSL for one such pair.
type tombstones struct {
	at       hashTable
	all      arena[tombstone]
	previous arena[flow.PreviousIncarnation]
	queue    []uint32 // in the order in which they were added
	first    int      // index of the oldest in queue
	most     int      // how many there may be
	early    uint64   // that were forgotten to make room
}

// maxTombstones bounds them; beyond it a straggler may look like a new connection.
const maxTombstones = 1 << 18

// add remembers a reported connection. If the next one of its key is to be judged by it, it
// returns what is to be filled in.
func (g *tombstones) add(x tombstone, judges bool) (pre *flow.PreviousIncarnation) {
	for g.at.n >= g.most {
		if x := g.all.at(g.queue[g.first]); !x.reopened {
			g.early++
		}
		g.forgetOldest()
	}
	i := g.all.take()
	if judges {
		x.previous = g.previous.take()
		pre = g.previous.at(x.previous)
	}
	*g.all.at(i) = x
	g.at.put(x.hash, i)
	g.queue = append(g.queue, i)
	return pre
}

// find returns the tombstone of a key's latest connection, or nil.
func (g *tombstones) find(hash uint64) (x *tombstone, place uint32) {
	i := g.at.find(hash, func(i uint32) bool { return g.all.at(i).hash == hash })
	if i == 0 {
		return nil, 0
	}
	return g.all.at(i), i
}

// reopen takes a tombstone out: its key opens anew.
func (g *tombstones) reopen(place uint32) previous {
	x := g.all.at(place)
	x.reopened = true
	b := previous{incarnation: int(x.incarnation)}
	if x.previous != 0 {
		pre := *g.previous.at(x.previous)
		b.of = &pre
	}
	g.remove(x, place)
	return b
}

func (g *tombstones) remove(x *tombstone, place uint32) {
	g.at.remove(x.hash, place)
	if x.previous != 0 {
		g.previous.release(x.previous)
	}
}

func (g *tombstones) expire(now fsm.Time) {
	for g.first < len(g.queue) {
		if x := g.all.at(g.queue[g.first]); !x.reopened && x.until > now {
			return
		}
		g.forgetOldest()
	}
}

// forgetOldest makes room.
func (g *tombstones) forgetOldest() {
	if g.first == len(g.queue) {
		return
	}
	i := g.queue[g.first]
	if x := g.all.at(i); !x.reopened {
		g.remove(x, i)
	}
	g.all.release(i)
	if g.first++; g.first > len(g.queue)/2 && g.first > 1024 {
		g.queue = append(g.queue[:0], g.queue[g.first:]...)
		g.first = 0
	}
}

// previous is what a connection is to know of the earlier one of its key.
type previous struct {
	incarnation int
	of          *flow.PreviousIncarnation // nil if it does not matter any more
}
