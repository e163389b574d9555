// Package chance tells how often chance alone would bring about a difference between
// two samples: exact tests that assume no distribution, and the correction for many of
// them. It is arithmetic only.
package chance

import (
	"cmp"
	"math"
	"slices"
)

// MostRanked is how many values a sample may have for RankSum, so that the counts of all
// ways to divide both stay exact.
const MostRanked = 24

// RankSum returns the probability that the values of b would be, by their ranks among
// both, as high as they are or higher if both samples were one divided by lot: the
// one-sided test of Wilcoxon, and of Mann and Whitney. It is exact, with ties too, which
// have the mean of their ranks. Without values on either side it is 1.
func RankSum(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	ranks, seen := doubledRanks(a, b)
	all, asHigh := 0.0, 0.0
	for s, n := range waysTo(ranks, len(b)) {
		all += n
		if s >= seen {
			asHigh += n
		}
	}
	return asHigh / all
}

// waysTo counts, for each sum, the sets of that many ranks that add up to it.
func waysTo(ranks []int, many int) []float64 {
	ranks = slices.Sorted(slices.Values(ranks))
	highest := make([]int, many+1) // the highest sum of k of those met
	most := 0
	for _, r := range ranks[len(ranks)-many:] {
		most += r
	}
	ways := make([][]float64, many+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	for i, r := range ranks {
		for k := min(i+1, many); k > 0; k-- {
			highest[k] = highest[k-1] + r // as ranks rise
			from, to := ways[k-1], ways[k]
			for s := highest[k]; s >= r; s-- {
				to[s] += from[s-r]
			}
		}
	}
	return ways[many]
}

// Refused returns how many of the differences between values of two samples, put in order,
// lie at either end beyond what is so sure: those that RankSum would give less than this
// probability (Hodges and Lehmann's interval).
func Refused(a, b int, p float64) int {
	if a <= 0 || b <= 0 {
		return 0
	}
	ranks := make([]int, a+b)
	for i := range ranks {
		ranks[i] = i + 1
	}
	ways := waysTo(ranks, b)
	all, so := 0.0, 0.0
	for _, n := range ways {
		all += n
	}
	least := b * (b + 1) / 2
	for u := range a * b {
		if so += ways[least+u]; so > p*all {
			return u
		}
	}
	return 0
}

// doubledRanks returns twice the ranks of all values, which are whole numbers even where
// they are means, and the sum of those of b.
func doubledRanks(a, b []float64) (ranks []int, sumOfB int) {
	for i, r := range Ranks(slices.Concat(a, b)) {
		ranks = append(ranks, int(2*r))
		if i >= len(a) {
			sumOfB += int(2 * r)
		}
	}
	return ranks, sumOfB
}

// Ranks returns the rank of each value among all, from 1; equal ones have the mean of theirs.
func Ranks(list []float64) []float64 {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(list[a], list[b]) })
	ranks := make([]float64, len(list))
	for i := 0; i < len(order); {
		end := i
		for end < len(order) && list[order[end]] == list[order[i]] {
			end++
		}
		for _, k := range order[i:end] {
			ranks[k] = float64(i+1+end) / 2
		}
		i = end
	}
	return ranks
}

// LeastRankSum returns the least that RankSum can come to for samples of these sizes.
func LeastRankSum(a, b int) float64 {
	if a <= 0 || b <= 0 {
		return 1
	}
	return math.Exp(-logChoose(float64(a+b), float64(b)))
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}
