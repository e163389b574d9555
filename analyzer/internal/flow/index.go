package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
)

// index finds the connection of a packet by a hash of its key, whichever way the
// packet goes: a Flow, or one that is in the nursery still.
type index struct {
	seed      hashSeed
	at        hashTable
	tagged    hashTable // the encapsulated ones by their endpoints alone; of several the latest
	flows     []*Flow   // by their places, without flowPlace
	free      []uint32
	embryonic *arena[embryonic]
}

// flowPlace marks the places of flows; the others are the nursery's.
const connPlace = 1 << 31

// find returns the connection between two endpoints, if there is one.
func (x *index) find(hash uint64, a, b *decode.Endpoint, encap decode.Encap) (f *Flow, nascent uint32) {
	place := x.at.find(hash, func(place uint32) bool {
		if place&connPlace != 0 {
			k := &x.flows[place&^connPlace].Key
			return k.Encap == encap && (same(&k.A, a) && same(&k.B, b) || same(&k.A, b) && same(&k.B, a))
		}
		n := x.embryonic.at(place)
		return n.encap == encap && (same(&n.client, a) && same(&n.server, b) || same(&n.client, b) && same(&n.server, a))
	})
	if place&connPlace != 0 {
		return x.flows[place&^connPlace], 0
	}
	return nil, place
}

// put enters a flow whose key is not in the index.
func (x *index) put(f *Flow, hash uint64) {
	var i uint32
	if last := len(x.free) - 1; last >= 0 {
		i = x.free[last]
		x.free = x.free[:last]
		x.flows[i] = f
	} else {
		i = uint32(len(x.flows))
		x.flows = append(x.flows, f)
	}
	f.hash, f.place = hash, connPlace|i
	x.at.put(hash, f.place)
	if f.Key.Encap != 0 {
		x.tag(f.place, &f.Key.A, &f.Key.B)
	}
}

// drop takes the flow out, if it is there.
func (x *index) remove(f *Flow) {
	if f.place == 0 {
		return
	}
	if f.Key.Encap != 0 {
		x.untag(f.place, &f.Key.A, &f.Key.B)
	}
	x.at.remove(f.hash, f.place)
	i := f.place &^ connPlace
	x.flows[i], f.place = nil, 0
	x.free = append(x.free, i)
}

// putNascent enters a connection of the nursery.
func (x *index) putEmbryonic(i uint32) {
	n := x.embryonic.at(i)
	x.at.put(n.hash, i)
	if n.encap != 0 {
		x.tag(i, &n.client, &n.server)
	}
}

// dropNascent takes one out.
func (x *index) removeEmbryonic(i uint32) {
	n := x.embryonic.at(i)
	if n.encap != 0 {
		x.untag(i, &n.client, &n.server)
	}
	x.at.remove(n.hash, i)
}

// findTagged returns the place of the latest encapsulated connection between two
// endpoints, or 0.
func (x *index) findTagged(hash uint64, a, b *decode.Endpoint) uint32 {
	return x.tagged.find(hash, func(place uint32) bool {
		if place&connPlace != 0 {
			k := &x.flows[place&^connPlace].Key
			return same(&k.A, a) && same(&k.B, b) || same(&k.A, b) && same(&k.B, a)
		}
		n := x.embryonic.at(place)
		return same(&n.client, a) && same(&n.server, b) || same(&n.client, b) && same(&n.server, a)
	})
}

func (x *index) tag(place uint32, a, b *decode.Endpoint) {
	hash := x.seed.hash(a, b, 0)
	if before := x.findTagged(hash, a, b); before != 0 {
		x.tagged.remove(hash, before)
	}
	x.tagged.put(hash, place)
}

func (x *index) untag(place uint32, a, b *decode.Endpoint) {
	if hash := x.seed.hash(a, b, 0); x.findTagged(hash, a, b) == place {
		x.tagged.remove(hash, place)
	}
}

// hashSeed is drawn anew for every table: who makes a capture cannot know which
// keys will share a hash.
type hashSeed [4]uint64

func newHashSeed() hashSeed {
	return hashSeed{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
}

// hash spreads pairs of endpoints over 64 bits; their order makes no difference.
func (s *hashSeed) hash(a, b *decode.Endpoint, encap decode.Encap) uint64 {
	return mul((s.end(a)+s.end(b))^s[2], uint64(encap)^s[3])
}

func (s *hashSeed) end(e *decode.Endpoint) uint64 {
	h := mul(binary.LittleEndian.Uint64(e.IP[:])^s[0], binary.LittleEndian.Uint64(e.IP[8:])^s[1])
	return mul(h^s[2], uint64(e.Port)^s[3])
}

// mul folds the product of two numbers.
func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
