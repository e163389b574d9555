package record

import (
	"math/bits"
	"slices"
)

// Distribution counts values, such as nanoseconds or bytes, so that quantiles can be
// told and two of them be added up. The first 32 values are kept as they are; beyond
// these each value is rounded to a class that is 1/64 of it wide, so that a quantile is
// wrong by less than 0.8 %. The zero Distribution is empty and ready for use. It must not
// be copied by assignment once it holds values; Clone does that.
type Distribution struct {
	N        uint64
	Sum      uint64 // of all values, exactly
	Min, Max uint64 // exactly; 0 while N is 0

	few     []uint64 // all values, while they are few
	classes []uint32 // how many of each class, once they are many; classes above the last are empty
}

// exactly is how many values are kept as they are.
const exactly = 32

// Add takes a value in.
func (d *Distribution) Add(v uint64) {
	if d.N == 0 {
		d.Min, d.Max = v, v
	}
	d.Min, d.Max = min(d.Min, v), max(d.Max, v)
	d.N++
	d.Sum += v
	if len(d.classes) == 0 && len(d.few) < exactly {
		d.few = append(d.few, v)
		return
	}
	d.spread()
	d.count(v, 1)
}

// Merge takes all values of another one in.
func (d *Distribution) Merge(o *Distribution) {
	if o.N == 0 {
		return
	}
	if len(o.classes) == 0 && len(d.few)+len(o.few) <= exactly || d.N == 0 && len(o.classes) == 0 {
		for _, v := range o.few {
			d.Add(v)
		}
		return
	}
	if d.N == 0 {
		d.Min, d.Max = o.Min, o.Max
	}
	d.Min, d.Max = min(d.Min, o.Min), max(d.Max, o.Max)
	d.N += o.N
	d.Sum += o.Sum
	d.spread()
	for _, v := range o.few {
		d.count(v, 1)
	}
	for c, n := range o.classes {
		if n > 0 {
			d.countClass(c, n)
		}
	}
}

// spread puts the few values into their classes.
func (d *Distribution) spread() {
	for _, v := range d.few {
		d.count(v, 1)
	}
	d.few = d.few[:0]
}

func (d *Distribution) count(v uint64, n uint32) { d.countClass(classOf(v), n) }

func (d *Distribution) countClass(c int, n uint32) {
	if have := len(d.classes); c >= have {
		d.classes = slices.Grow(d.classes, c+1-have)[:c+1]
		clear(d.classes[have:])
	}
	d.classes[c] += min(n, ^d.classes[c])
}

// classOf returns the class of a value: below 128 each has its own, above it there are
// 64 between a power of two and the next.
func classOf(v uint64) int {
	shift := max(0, bits.Len64(v)-7)
	return shift*64 + int(v>>shift)
}

// middleOf returns the value in the middle of a class.
func middleOf(c int) uint64 {
	if c < 128 {
		return uint64(c)
	}
	shift := c/64 - 1
	return uint64(c-shift*64)<<shift + 1<<shift/2
}

// Quantile returns the least value that the fraction q of the values, from 0 to 1, does not exceed
// (the nearest rank); 0 if there are none.
func (d *Distribution) Quantile(q float64) uint64 {
	if d.N == 0 {
		return 0
	}
	rank := Rank(q, d.N)
	if len(d.classes) == 0 {
		return nth(d.few, int(rank))
	}
	for c, n := range d.classes {
		if uint64(n) > rank {
			return min(max(middleOf(c), d.Min), d.Max)
		}
		rank -= uint64(n)
	}
	return d.Max
}

// Rank returns which of n values in their order, from 0, is the quantile q: the nearest rank, so
// that the 99th percentile of ten values is the largest.
func Rank(q float64, n uint64) uint64 {
	const rounding = 1e-9 // 0.95 of 20 values are 19, and not the next above
	at := q * float64(n) * (1 - rounding)
	if rank := uint64(at); float64(rank) < at { // below it stand as many
		return rank
	}
	return uint64(max(at, 1)) - 1
}

// nth returns the value that is the nth from below, from 0. Sorting a copy would put one
// on the heap for each quantile where the compiler inlines this.
func nth(few []uint64, n int) uint64 {
	for _, v := range few {
		below, same := 0, 0
		for _, o := range few {
			if o < v {
				below++
			} else if o == v {
				same++
			}
		}
		if below <= n && n < below+same {
			return v
		}
	}
	return 0 // not reached: one of them is the nth
}

// Above returns how many values are larger than v, and their sum: exactly while the values
// are few, else as their classes have it.
func (d *Distribution) Above(v uint64) (n, sum uint64) {
	if len(d.classes) == 0 {
		for _, x := range d.few {
			if x > v {
				n, sum = n+1, sum+x
			}
		}
		return n, sum
	}
	for c := classOf(v) + 1; c < len(d.classes); c++ {
		n, sum = n+uint64(d.classes[c]), sum+uint64(d.classes[c])*min(max(middleOf(c), d.Min), d.Max)
	}
	return n, sum
}

// Mean returns the mean of the values, 0 if there are none.
func (d *Distribution) Mean() float64 {
	if d.N == 0 {
		return 0
	}
	return float64(d.Sum) / float64(d.N)
}

// Reset empties it and keeps its memory.
func (d *Distribution) Reset() {
	*d = Distribution{few: d.few[:0], classes: d.classes[:0]}
}

// Bytes returns how much memory it has allocated beside itself.
func (d *Distribution) Bytes() int { return 8*cap(d.few) + 4*cap(d.classes) }

// Clone returns a copy that shares nothing.
func (d *Distribution) Clone() Distribution {
	c := *d
	c.few, c.classes = slices.Clone(d.few), slices.Clone(d.classes)
	return c
}

// CopyFrom makes it a copy of another one, in the memory that it has.
func (d *Distribution) CopyFrom(o *Distribution) {
	few, classes := append(d.few[:0], o.few...), append(d.classes[:0], o.classes...)
	*d = *o
	d.few, d.classes = few, classes
}
