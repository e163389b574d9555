package conntrack

import (
	"math/rand/v2"
	"testing"
)

// TestHashTable holds the table against a Go map, with hashes that fall together
// often.
func TestHashTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var table hashTable
	want := map[uint32]uint64{} // place to hash
	for step := range 200_000 {
		if place := rng.Uint32N(3000) + 1; want[place] == 0 {
			hash := 1 + uint64(rng.Uint32N(500))<<(8*rng.Uint32N(3))
			table.put(hash, place)
			want[place] = hash
		} else {
			table.remove(want[place], place)
			delete(want, place)
		}
		if table.n != len(want) {
			t.Fatalf("step %d: %d places, want %d", step, table.n, len(want))
		}
		if step%1000 != 0 {
			continue
		}
		for place := uint32(1); place <= 3000; place++ {
			got := table.find(want[place], func(p uint32) bool { return p == place })
			if has := want[place] != 0; has && got != place || !has && got != 0 {
				t.Fatalf("step %d: place %d is found as %d", step, place, got)
			}
		}
	}
}
