package pipeline

import "testing"

// TestNumbersOfOneThatStays has one connection stay open while others come and go:
// what is kept for it does not grow with them.
func TestNumbersOfOneThatStays(t *testing.T) {
	n := numbers{next: 1}
	n.add(7, 1)
	const others = 1_000_000
	for i := range uint64(others) {
		n.add(100+i, i)
		if i%2 == 1 { // in another order than they began
			for _, own := range []uint64{2 + i, 1 + i} {
				if id, _ := n.take(own); id != 98+own {
					t.Fatalf("connection %d has the number %d", own, id)
				}
			}
		}
	}
	if len(n.list) > 5000 || cap(n.list) > 10_000 {
		t.Errorf("%d entries, room for %d, for one connection", len(n.list), cap(n.list))
	}
	if id, stream := n.take(1); id != 7 || stream != 1 {
		t.Errorf("it has the numbers %d and %d", id, stream)
	}
}
