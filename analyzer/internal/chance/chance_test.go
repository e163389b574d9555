package chance

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1e-3, math.Abs(b)) }

// The tables: E. L. Lehmann, Nonparametrics, table B (W_XY): for 5 and 5 values P(W ≤ 4) is
// 12 of 252, for 3 and 4 P(W ≤ 1) 2 of 35; and the extreme of any two sizes 1 of all ways.
func TestRankSumAgainstTables(t *testing.T) {
	for name, test := range map[string]struct {
		a, b []float64
		want float64
	}{
		"5 and 5, all higher":  {[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 1.0 / 252},
		"5 and 5, U = 4 below": {[]float64{1, 2, 3, 4, 9}, []float64{5, 6, 7, 8, 10}, 12.0 / 252},
		"3 and 4, U = 1 below": {[]float64{1, 2, 4}, []float64{3, 5, 6, 7}, 2.0 / 35},
		"3 and 4, all lower":   {[]float64{5, 6, 7}, []float64{1, 2, 3, 4}, 1},
		"all the same":         {[]float64{1, 1, 1}, []float64{1, 1}, 1},
		"two values, as Fisher's table 1 of 4 and 3 of 4": {[]float64{0, 0, 0, 1}, []float64{0, 1, 1, 1}, 17.0 / 70},
		"none": {nil, []float64{1}, 1},
	} {
		if got := RankSum(test.a, test.b); !near(got, test.want) {
			t.Errorf("%s: %v, expected %v", name, got, test.want)
		}
	}
}

// TestRankSumAgainstAllWays divides small samples, with ties, in all ways there are.
func TestRankSumAgainstAllWays(t *testing.T) {
	luck := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		all := make([]float64, 2+luck.IntN(9))
		for i := range all {
			all[i] = float64(luck.IntN(6))
		}
		na := 1 + luck.IntN(len(all)-1)
		if got, want := RankSum(all[:na], all[na:]), byAllWays(all, na); !near(got, want) {
			t.Fatalf("%v | %v: %v, expected %v", all[:na], all[na:], got, want)
		}
	}
}

// byAllWays counts, pair by pair, the divisions in which b is as high as at first.
func byAllWays(all []float64, na int) float64 {
	wins := func(inB func(i int) bool) (u float64) {
		for i := range all {
			for j := range all {
				switch {
				case inB(i) == inB(j) || !inB(i):
				case all[i] > all[j]:
					u++
				case all[i] == all[j]:
					u += 0.5
				}
			}
		}
		return u
	}
	seen := wins(func(i int) bool { return i >= na })
	ways, asHigh := 0.0, 0.0
	for set := range 1 << len(all) {
		size := 0
		for i := range all {
			size += set >> i & 1
		}
		if size != len(all)-na {
			continue
		}
		ways++
		if wins(func(i int) bool { return set>>i&1 == 1 }) >= seen {
			asHigh++
		}
	}
	return asHigh / ways
}

// Critical values of U at 0.025, one-sided: J. H. Zar, Biostatistical Analysis, table B.11, has
// the largest U that is refused.
func TestRefused(t *testing.T) {
	for _, test := range [][3]int{{5, 5, 2}, {8, 8, 13}, {10, 10, 23}, {20, 20, 127}, {4, 10, 5}, {12, 7, 18}} {
		if got := Refused(test[0], test[1], 0.025) - 1; got != test[2] {
			t.Errorf("%d and %d: U of %d is refused, expected %d", test[0], test[1], got, test[2])
		}
	}
	if Refused(2, 2, 0.025) != 0 || Refused(0, 2, 0.025) != 0 {
		t.Error("too few refuse nothing")
	}
}

func TestRankSumOfManyStaysExact(t *testing.T) {
	a, b := make([]float64, MostRanked), make([]float64, MostRanked)
	for i := range a {
		a[i], b[i] = float64(i), float64(i+MostRanked)
	}
	if got, want := RankSum(a, b), LeastRankSum(MostRanked, MostRanked); !near(got/want, 1) {
		t.Errorf("%v, expected %v", got, want)
	}
	if got := RankSum(b, a); got != 1 {
		t.Errorf("turned round: %v", got)
	}
	if got := LeastRankSum(5, 5); !near(got, 1.0/252) {
		t.Errorf("least of 5 and 5: %v", got)
	}
	if LeastRankSum(0, 5) != 1 {
		t.Error("least of nothing")
	}
}

// Fisher's own example, a lady tasting tea: 3 of 4 cups right, 17 of 70; all 4, 1 of 70.
func TestFisher(t *testing.T) {
	for _, test := range []struct {
		table Table
		want  float64
	}{
		{Table{1, 4, 3, 4}, 17.0 / 70},
		{Table{0, 4, 4, 4}, 1.0 / 70},
		{Table{4, 4, 0, 4}, 1},
		{Table{0, 60, 0, 60}, 1},
		{Table{0, 0, 1, 1}, 1},
		{Table{9, 4, 1, 1}, 1}, // no table
		// Fisher's twins of criminals (The logic of inductive inference, 1935): 2 of 17, 10 of 13.
		{Table{2, 17, 10, 13}, 0.000465180943},
	} {
		if got := test.table.Fisher(); math.Abs(got-test.want) > 1e-8 {
			t.Errorf("%v: %v, expected %v", test.table, got, test.want)
		}
	}
	if got := (Table{2, 10, 0, 10}).LeastFisher(); !near(got, 45.0/190) {
		t.Errorf("least: %v", got)
	}
}

// TestFisherAgainstAllTables adds up whole numbers of ways.
func TestFisherAgainstAllTables(t *testing.T) {
	choose := func(n, k uint64) float64 {
		c := 1.0
		for i := range k {
			c = c * float64(n-i) / float64(i+1)
		}
		return math.Round(c)
	}
	for ofA := uint64(1); ofA <= 12; ofA++ {
		for ofB := uint64(1); ofB <= 12; ofB++ {
			for a := range ofA + 1 {
				for b := range ofB + 1 {
					want := 0.0
					for x := b; x <= min(ofB, a+b); x++ {
						if a+b-x <= ofA {
							want += choose(ofB, x) * choose(ofA, a+b-x) / choose(ofA+ofB, a+b)
						}
					}
					if got := (Table{a, ofA, b, ofB}).Fisher(); math.Abs(got-want) > 1e-10 {
						t.Fatalf("%d of %d, %d of %d: %v, expected %v", a, ofA, b, ofB, got, want)
					}
				}
			}
		}
	}
}

// Large counts take no longer, and stay between 0 and 1.
func TestFisherOfManyAndAbsurd(t *testing.T) {
	for _, table := range []Table{
		{1000, 1e6, 1300, 1e6}, {1, 1e12, 1e11, 1e12}, {1 << 62, 1 << 63, 1 << 62, 1 << 63}, {1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1}, {5e5, 1e6, 5e5, 1e6},
	} {
		if p := table.Fisher(); !(p >= 0 && p <= 1.0000001) {
			t.Errorf("%v: %v", table, p)
		}
	}
	if p := (Table{1000, 1e6, 1300, 1e6}).Fisher(); math.Abs(p/2.095118769827e-10-1) > 1e-6 { // added up in whole numbers
		t.Errorf("1000 and 1300 of a million: %v", p)
	}
}

func TestTarone(t *testing.T) {
	for name, test := range map[string]struct {
		least []float64
		want  int
	}{
		"none":                         {nil, 1},
		"all could be told":            {[]float64{1e-9, 1e-9, 1e-9}, 3},
		"two never":                    {[]float64{1e-9, 0.5, 1}, 1},
		"one only if there were fewer": {[]float64{1e-9, 1e-9, 0.008}, 2},
	} {
		if got := Tarone(test.least, 0.01); got != test.want {
			t.Errorf("%s: %d, expected %d", name, got, test.want)
		}
	}
}

func BenchmarkRankSum(b *testing.B) {
	x, y := make([]float64, 20), make([]float64, 20)
	for i := range x {
		x[i], y[i] = float64(i%7), float64(i%5)
	}
	for b.Loop() {
		RankSum(x, y)
	}
}
