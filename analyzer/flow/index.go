package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
)

// index finds the flow of a packet. Its map has a number for its key, which is
// a third of the memory and half of the time of one keyed by addresses.
type index struct {
	seed hashSeed
	at   map[uint64]*Flow // flows of one hash are chained by Flow.sameHash
	n    int
}

func newIndex(seed hashSeed) index { return index{seed: seed, at: make(map[uint64]*Flow)} }

// find returns the flow of the key, or nil; h is the key's hash.
func (x *index) find(h uint64, k *Key) *Flow {
	f := x.at[h]
	for f != nil && f.Key != *k {
		f = f.sameHash
	}
	return f
}

// put enters a flow whose key is not in the index.
func (x *index) put(f *Flow, h uint64) {
	f.hash, f.sameHash = h, x.at[h]
	x.at[h] = f
	x.n++
}

// drop takes the flow out, if it is there.
func (x *index) drop(f *Flow) {
	first := x.at[f.hash]
	switch {
	case first == f && f.sameHash == nil:
		delete(x.at, f.hash)
	case first == f:
		x.at[f.hash] = f.sameHash
	default:
		for first != nil && first.sameHash != f {
			first = first.sameHash
		}
		if first == nil {
			return
		}
		first.sameHash = f.sameHash
	}
	f.sameHash = nil
	x.n--
}

// hashSeed is drawn anew for every table: who makes a capture cannot know which
// keys will share a hash.
type hashSeed [4]uint64

func newHashSeed() hashSeed {
	return hashSeed{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
}

// hash spreads keys over 64 bits.
func (s *hashSeed) hash(k *Key) uint64 {
	h := s.end(&k.A) ^ bits.RotateLeft64(s.end(&k.B), 32)
	return mul(h^s[2], uint64(k.Encap)^s[3])
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
