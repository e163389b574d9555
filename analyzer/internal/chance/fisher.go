package chance

import "math"

// Table is a table of two samples: how many of each have something, of how many.
type Table struct{ A, OfA, B, OfB uint64 }

// Fisher returns the probability that as many of b, or more, would have it if those
// that have it were spread over both samples by lot: Fisher's exact test, one-sided. Of a
// table that is none, or one of more than 2⁴⁰, it is 1.
func (t Table) Fisher() float64 {
	if !t.sound() {
		return 1
	}
	return t.tail(t.B)
}

// Turned returns the table with the samples in each other's place.
func (t Table) Turned() Table { return Table{t.B, t.OfB, t.A, t.OfA} }

// LeastFisher returns the least that Fisher can come to while as many have it.
func (t Table) LeastFisher() float64 {
	if !t.sound() {
		return 1
	}
	return t.tail(min(t.A+t.B, t.OfB))
}

// mostCounted is how many a sample may be of: beyond it the sums take too long, and their
// logarithms have no digits left.
const mostCounted = 1 << 40

func (t Table) sound() bool {
	return t.A <= t.OfA && t.B <= t.OfB && t.OfA > 0 && t.OfB > 0 && t.OfA <= mostCounted && t.OfB <= mostCounted
}

// tail is the probability of n or more in b.
func (t Table) tail(n uint64) float64 {
	have, ofA, ofB := float64(t.A+t.B), float64(t.OfA), float64(t.OfB)
	least, most := math.Max(0, have-ofA), math.Min(have, ofB)
	x := float64(n)
	if x <= least {
		return 1
	}
	// Below the middle the other tail is the shorter sum.
	if x <= have*ofB/(ofA+ofB) {
		return math.Max(0, 1-sumFrom(x-1, -1, least, have, ofA, ofB))
	}
	return math.Min(1, sumFrom(x, 1, most, have, ofA, ofB))
}

// sumFrom adds the probabilities of x, x±1 … last, which become smaller.
func sumFrom(x, step, last, have, ofA, ofB float64) float64 {
	p := math.Exp(logChoose(ofB, x) + logChoose(ofA, have-x) - logChoose(ofA+ofB, have))
	sum := 0.0
	for p > sum*1e-17 {
		sum += p
		if x == last {
			break
		}
		if step > 0 {
			p *= (ofB - x) / (x + 1) * (have - x) / (ofA - have + x + 1)
		} else {
			p *= x / (ofB - x + 1) * (ofA - have + x) / (have - x + 1)
		}
		x += step
	}
	return sum
}
