package record

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// What a Distribution tells is held against the sorted values, whether they came one by
// one or from several.
func TestDistribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 1))
	for _, n := range []int{1, 2, 31, 32, 33, 100, 10_000} {
		var all, merged Distribution
		var parts [5]Distribution
		values := make([]uint64, n)
		for i := range values {
			values[i] = uint64(math.Exp(rng.Float64() * 30))
			all.Add(values[i])
			parts[rng.IntN(len(parts))].Add(values[i])
		}
		for i := range parts {
			merged.Merge(&parts[i])
		}
		slices.Sort(values)
		var sum uint64
		for _, v := range values {
			sum += v
		}
		reset := merged.Clone()
		reset.Reset()
		for _, v := range values {
			reset.Add(v)
		}
		var copied Distribution
		for i := range uint64(100) {
			copied.Add(i << 20)
		}
		copied.CopyFrom(&all)
		for name, d := range map[string]*Distribution{"one by one": &all, "merged": &merged, "used again": &reset, "copied": &copied} {
			if d.N != uint64(n) || d.Sum != sum || d.Min != values[0] || d.Max != values[n-1] {
				t.Fatalf("%d values, %s: N %d, sum %d, least %d, most %d", n, name, d.N, d.Sum, d.Min, d.Max)
			}
			for _, q := range []float64{0, 0.25, 0.5, 0.95, 0.99, 1} {
				rank := 0 // the least value that so many are not above
				for float64(rank+1) < q*float64(n)-1e-6 {
					rank++
				}
				want := float64(values[rank])
				if got := float64(d.Quantile(q)); math.Abs(got-want) > 0.008*want || n <= exactly && got != want {
					t.Errorf("%d values, %s: quantile %g is %g, expected %g", n, name, q, got, want)
				}
			}
		}
	}
}

func TestDistributionAllocates(t *testing.T) {
	var d Distribution
	fill := func() {
		d.Reset()
		for i := range uint64(1000) {
			d.Add(i * i)
		}
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%g allocations in memory that was used before", n)
	}
}

func TestAbove(t *testing.T) {
	var d Distribution
	for v := range uint64(20) {
		d.Add(v * 100)
	}
	if n, sum := d.Above(1700); n != 2 || sum != 1800+1900 {
		t.Errorf("of few: %d, %d together", n, sum)
	}
	for range 1000 {
		d.Add(1_000_000)
	}
	n, sum := d.Above(500_000)
	if n != 1000 || sum < 992_000_000 || sum > 1_008_000_000 {
		t.Errorf("of many: %d, %d together", n, sum)
	}
	if n, sum := d.Above(2_000_000); n != 0 || sum != 0 {
		t.Errorf("of none: %d, %d together", n, sum)
	}
}
