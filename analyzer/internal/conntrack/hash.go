package conntrack

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
)

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
