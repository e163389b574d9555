package capture

import (
	"math"
	"math/bits"
)

// timescale turns the timestamps of one pcapng interface into nanoseconds since
// the epoch. It is exact for every resolution the format can express: the
// product is formed in 128 bits and rounded down once. (pcapgo divides by zero
// on 2^-64 and 10^-64 and drifts by up to 7 % on other powers of two.)
type timescale struct {
	mul    uint64 // ns = ticks · mul / div >> shift
	div    uint64
	shift  uint8
	never  bool  // the unit is so small that 64 bits of it are no nanosecond
	offset int64 // seconds to add
}

// microseconds is the resolution of an interface that does not state one.
var microseconds = timescale{mul: 1000, div: 1}

// newTimescale takes the value of if_tsresol: a negative power of ten, or of
// two if the high bit is set.
func newTimescale(tsresol byte) timescale {
	exp := int(tsresol & 0x7f)
	if tsresol&0x80 != 0 {
		return timescale{mul: 1e9, div: 1, shift: uint8(exp)}
	}
	switch {
	case exp <= 9:
		return timescale{mul: pow10(9 - exp), div: 1}
	case exp <= 9+19: // 10^19 is the largest power in 64 bits
		return timescale{mul: 1, div: pow10(exp - 9)}
	}
	return timescale{never: true}
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// finerThanMicro reports whether the resolution has more than six decimals.
func (t timescale) finerThanMicro() bool {
	return t.never || t.div > 1 || t.shift >= 20 || t.shift == 0 && t.mul < 1000
}

// nanos converts a timestamp, clamping what int64 cannot hold.
func (t timescale) nanos(ticks uint64) int64 {
	hi, lo := bits.Mul64(ticks, t.mul)
	switch {
	case t.never:
		hi, lo = 0, 0
	case t.div > 1: // mul is 1 here, so hi is 0
		lo /= t.div
	case t.shift >= 64:
		hi, lo = 0, hi>>(t.shift-64)
	case t.shift > 0:
		hi, lo = hi>>t.shift, lo>>t.shift|hi<<(64-t.shift)
	}
	if t.offset != 0 {
		// Two's complement in 128 bits; neither summand exceeds 2^94.
		ohi, olo := bits.Mul64(magnitude(t.offset), 1e9)
		if t.offset < 0 {
			var borrow uint64
			olo, borrow = bits.Sub64(0, olo, 0)
			ohi, _ = bits.Sub64(0, ohi, borrow)
		}
		var carry uint64
		lo, carry = bits.Add64(lo, olo, 0)
		hi, _ = bits.Add64(hi, ohi, carry)
	}
	switch {
	case int64(hi) < 0 && (hi != math.MaxUint64 || int64(lo) >= 0):
		return math.MinInt64
	case int64(hi) >= 0 && (hi != 0 || int64(lo) < 0):
		return math.MaxInt64
	}
	return int64(lo)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
