package decode

import (
	"fmt"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// BenchmarkFragment is the cost of a fragment in the worst cases: at any offset, one
// of n datagrams that are never complete, and n that make one complete.
func BenchmarkFragment(b *testing.B) {
	octets := make([]byte, 8)
	join := func(b *testing.B, table *fragmentTable, id, start int, last bool) {
		table.join(&fragmentKey{id: uint32(id), v6: true}, &part{start: start, end: start + len(octets), last: last, octets: octets}, fsm.Time(id))
	}
	for _, start := range []int{0, 4096, 65512} {
		b.Run(fmt.Sprintf("offset-%d", start), func(b *testing.B) {
			b.ReportAllocs()
			var table fragmentTable
			for i := range b.N {
				join(b, &table, i, start, false)
			}
		})
	}
	for _, n := range []int{16, 64, 256, 1024} {
		for _, order := range []string{"in-order", "backwards", "every-other"} {
			b.Run(fmt.Sprintf("%s-%d", order, n), func(b *testing.B) {
				var table fragmentTable
				for i := range b.N {
					id, k := i/n, i%n
					switch order {
					case "backwards":
						k = n - 1 - k
					case "every-other":
						k = k*2%n + k*2/n
					}
					join(b, &table, id, 8*k, k == n-1)
				}
			})
		}
	}
}
