package chance

import "slices"

// Tarone returns by how many comparisons each probability is to be multiplied so that, of
// all the comparisons, the chance of a single false one stays below level. least has, for
// each, the least probability that its numbers could come to: those that could never be
// told apart from chance do not count (R. E. Tarone, A modified Bonferroni method for
// discrete data, Biometrics 46, 1990). It is at least 1.
func Tarone(least []float64, level float64) int {
	sorted := slices.Sorted(slices.Values(least))
	for k := 1; ; k++ {
		// How many could be told at level/k?
		could, _ := slices.BinarySearchFunc(sorted, level/float64(k), func(p, at float64) int {
			if p <= at {
				return -1
			}
			return 1
		})
		if could <= k {
			return k
		}
	}
}
