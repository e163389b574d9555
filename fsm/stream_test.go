package fsm

import (
	"math/rand/v2"
	"testing"
)

// TestStreamAdd follows short streams by hand. Numbers are relative to the first.
func TestStreamAdd(t *testing.T) {
	type add struct {
		from, to   uint32
		fresh, old uint32
		edge, top  uint32 // after it
		blocks     int    // above a hole
	}
	type run struct {
		name string
		adds []add
	}
	for _, r := range []run{
		{"in order", []add{
			{0, 10, 10, 0, 10, 10, 0},
			{10, 30, 20, 0, 30, 30, 0},
		}},
		{"nothing", []add{
			{0, 0, 0, 0, 0, 0, 0},
			{5, 5, 0, 0, 0, 0, 0}, // an empty piece leaves no block behind
		}},
		{"again", []add{
			{0, 10, 10, 0, 10, 10, 0},
			{0, 10, 0, 10, 10, 10, 0},
			{3, 7, 0, 4, 10, 10, 0},
			{5, 15, 5, 5, 15, 15, 0}, // half old, half new
		}},
		{"a hole and its filling", []add{
			{10, 20, 10, 0, 0, 20, 1},
			{10, 20, 0, 10, 0, 20, 1},
			{0, 10, 10, 0, 20, 20, 0},
		}},
		{"a hole filled from the right", []add{
			{0, 5, 5, 0, 5, 5, 0},
			{20, 30, 10, 0, 5, 30, 1},
			{15, 20, 5, 0, 5, 30, 1},
			{10, 25, 5, 10, 5, 30, 1},
			{5, 10, 5, 0, 30, 30, 0},
		}},
		{"three blocks made one", []add{
			{10, 20, 10, 0, 0, 20, 1},
			{30, 40, 10, 0, 0, 40, 2},
			{50, 60, 10, 0, 0, 60, 3},
			{15, 55, 20, 20, 0, 60, 1},
			{0, 60, 10, 50, 60, 60, 0},
		}},
		{"neighbours touch", []add{
			{10, 20, 10, 0, 0, 20, 1},
			{20, 30, 10, 0, 0, 30, 1},
			{40, 50, 10, 0, 0, 50, 2},
			{30, 40, 10, 0, 0, 50, 1},
		}},
		{"below the edge and above a hole at once", []add{
			{0, 10, 10, 0, 10, 10, 0},
			{20, 30, 10, 0, 10, 30, 1},
			{5, 25, 10, 10, 30, 30, 0},
		}},
		{"between two blocks", []add{
			{10, 12, 2, 0, 0, 12, 1},
			{30, 32, 2, 0, 0, 32, 2},
			{20, 22, 2, 0, 0, 32, 3},
			{0, 10, 10, 0, 12, 32, 2},
		}},
	} {
		for _, base := range []Seq{0, 1000, 0xffff_fff5, 1<<31 - 12} { // two of them wrap within
			var st Stream
			st.Start(base)
			for i, a := range r.adds {
				fresh, old := st.Add(base.Add(a.from), base.Add(a.to))
				if fresh != a.fresh || old != a.old {
					t.Errorf("%s, base %d, piece %d: %d fresh and %d old, want %d and %d", r.name, base, i, fresh, old, a.fresh, a.old)
				}
				if st.Edge != base.Add(a.edge) || st.Top != base.Add(a.top) || len(st.blocks) != a.blocks || st.Holes() != (a.blocks > 0) {
					t.Errorf("%s, base %d, piece %d: edge %d, top %d, %d blocks; want %d, %d, %d", r.name, base, i,
						st.Edge-base, st.Top-base, len(st.blocks), a.edge, a.top, a.blocks)
				}
			}
		}
	}
}

func TestStreamAcknowledged(t *testing.T) {
	for _, base := range []Seq{0, 77, 0xffff_ffe0, 1<<31 - 20} {
		var st Stream
		if st.Started() {
			t.Error("an unused stream is started")
		}
		st.Start(base)
		st.Start(base + 500) // the first start counts
		if !st.Started() || st.Edge != base {
			t.Fatalf("base %d: edge %d", base, st.Edge)
		}
		st.Add(base+10, base+20)
		st.Add(base+30, base+40)
		for _, a := range []struct{ ack, unseen, edge, top uint32 }{
			{0, 0, 0, 40},
			{4, 4, 4, 40},   // part of the first hole
			{10, 6, 20, 40}, // the rest of it: the block behind joins
			{15, 0, 20, 40}, // below the edge: nothing
			{35, 10, 40, 40},
			{45, 5, 45, 45}, // beyond everything seen
		} {
			if got := st.Acknowledged(base.Add(a.ack)); got != a.unseen || st.Edge != base.Add(a.edge) || st.Top != base.Add(a.top) {
				t.Errorf("base %d, ack %d: %d unseen, edge %d, top %d; want %d, %d, %d", base, a.ack,
					got, st.Edge-base, st.Top-base, a.unseen, a.edge, a.top)
			}
		}
		st.Add(base+50, base+60)
		st.Restart(base + 1000)
		if st.Edge != base+1000 || st.Top != base+1000 || st.Holes() {
			t.Errorf("base %d: Restart left edge %d, top %d, holes %v", base, st.Edge, st.Top, st.Holes())
		}
	}
}

// naiveStream is the same thing written for clarity: one bit a number.
type naiveStream struct {
	seen [naiveSize]bool
	edge int // every number before it counts as seen
}

const naiveSize = 1 << 12

func (n *naiveStream) add(from, to int) (fresh, old uint32) {
	for i := from; i < to; i++ {
		if n.seen[i] {
			old++
		} else {
			fresh++
		}
		n.seen[i] = true
	}
	n.settle()
	return fresh, old
}

func (n *naiveStream) acknowledged(ack int) (unseen uint32) {
	for i := 0; i < ack; i++ {
		if !n.seen[i] {
			unseen++
		}
		n.seen[i] = true
	}
	n.settle()
	return unseen
}

func (n *naiveStream) settle() {
	for n.edge < naiveSize && n.seen[n.edge] {
		n.edge++
	}
}

// runs counts the blocks above the edge.
func (n *naiveStream) runs() (runs int) {
	for i := n.edge + 1; i < naiveSize; i++ {
		if n.seen[i] && !n.seen[i-1] {
			runs++
		}
	}
	return runs
}

// TestStreamAgainstNaive throws random pieces and acknowledgments at a stream
// and at its naive twin; they must agree on everything as long as the blocks fit.
func TestStreamAgainstNaive(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		base := Seq(r.Uint32())
		if seed%2 == 0 {
			base = Seq(0) - Seq(r.IntN(naiveSize)) // wraps within the run
		}
		longest := 1 + r.IntN(120)
		var st Stream
		var naive naiveStream
		st.Start(base)
		for i := range 300 {
			if r.IntN(12) == 0 {
				ack := naive.edge + r.IntN(60)
				if r.IntN(3) == 0 {
					ack = r.IntN(naive.edge + 1)
				}
				ack = min(ack, naiveSize)
				got, want := st.Acknowledged(base.Add(uint32(ack))), naive.acknowledged(ack)
				if got != want {
					t.Fatalf("seed %d, step %d, ack %d: %d unseen, want %d", seed, i, ack, got, want)
				}
			} else {
				from := max(0, naive.edge-40) + r.IntN(600)
				to := min(from+r.IntN(longest), naiveSize)
				from = min(from, to)
				gotFresh, gotOld := st.Add(base.Add(uint32(from)), base.Add(uint32(to)))
				fresh, old := naive.add(from, to)
				if gotFresh != fresh || gotOld != old {
					t.Fatalf("seed %d, step %d, [%d,%d): %d fresh, %d old; want %d, %d", seed, i, from, to, gotFresh, gotOld, fresh, old)
				}
			}
			if st.Edge != base.Add(uint32(naive.edge)) {
				t.Fatalf("seed %d, step %d: edge %d, want %d", seed, i, st.Edge-base, naive.edge)
			}
			runs := naive.runs()
			if len(st.blocks) != runs {
				t.Fatalf("seed %d, step %d: %d blocks, want %d", seed, i, len(st.blocks), runs)
			}
			if err := st.fault(); err != "" {
				t.Fatalf("seed %d, step %d: %s", seed, i, err)
			}
			if runs >= maxBlocks-1 {
				break // from here on the two may differ, by design
			}
		}
	}
}

// fault returns what is wrong with the stream's inner order, or "".
func (st *Stream) fault() string {
	if len(st.blocks) > maxBlocks {
		return "more blocks than allowed"
	}
	at := st.Edge
	for _, b := range st.blocks {
		if !b.from.After(at) {
			return "blocks touch, overlap or are out of order"
		}
		if !b.to.After(b.from) {
			return "a block is empty"
		}
		at = b.to
	}
	if len(st.blocks) > 0 && st.Top != at || len(st.blocks) == 0 && st.Top != st.Edge {
		return "Top is not the end of the last block"
	}
	return ""
}

// TestStreamBounded fills a stream with holes: the memory stays bounded, and the
// counts of what comes above it stay plausible.
func TestStreamBounded(t *testing.T) {
	var st Stream
	st.Start(0)
	for i := range uint32(100_000) {
		from := Seq(10 + 20*i + i%7)
		fresh, old := st.Add(from, from+5)
		if fresh != 5 || old != 0 {
			t.Fatalf("block %d: %d fresh, %d old", i, fresh, old)
		}
		if err := st.fault(); err != "" {
			t.Fatalf("block %d: %s", i, err)
		}
	}
	if cap(st.blocks) > 4*maxBlocks {
		t.Errorf("room for %d blocks", cap(st.blocks))
	}

	r := rand.New(rand.NewPCG(7, 7))
	for i := range 50_000 {
		from := st.Edge + Seq(r.IntN(1<<20)) - 1000
		n := uint32(r.IntN(40))
		fresh, old := st.Add(from, from.Add(n))
		if fresh+old != n {
			t.Fatalf("piece %d of %d: %d fresh and %d old", i, n, fresh, old)
		}
		if r.IntN(10) == 0 {
			st.Acknowledged(st.Edge + Seq(r.IntN(2000)))
		}
		if err := st.fault(); err != "" {
			t.Fatalf("piece %d: %s", i, err)
		}
	}
}

// TestStreamLong sends more than 2³² octets: the numbers come around and still
// count as new.
func TestStreamLong(t *testing.T) {
	const piece = 1 << 20
	var st Stream
	st.Start(3)
	at, total := Seq(3), uint64(0)
	for i := range 3 << 12 { // 12 GiB
		to := at.Add(piece)
		if i%5 == 0 { // this one comes in two halves, the second first
			mid := at.Add(piece / 2)
			a, _ := st.Add(mid, to)
			b, _ := st.Add(at, mid)
			total += uint64(a + b)
		} else {
			fresh, _ := st.Add(at, to)
			total += uint64(fresh)
		}
		if _, old := st.Add(at, to); old != piece {
			t.Fatalf("piece %d, sent again: %d old", i, old)
		}
		at = to
	}
	if want := uint64(3<<12) * piece; total != want {
		t.Errorf("%d octets, want %d", total, want)
	}
}
