package decode

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// plainDatagram is a datagram as one would write it without caring for speed or
// memory: each octet with whether it was seen.
type plainDatagram struct {
	since  fsm.Time
	octets []byte
	seen   []bool
	total  int
	dead   bool
}

// add adds a fragment. It returns true when the datagram is complete.
func (g *plainDatagram) add(p *part, v6 bool) bool {
	if g.dead {
		return false
	}
	known, overlap, highest := true, false, len(g.seen)
	for i := p.start; i < p.end; i++ {
		seen := i < len(g.seen) && g.seen[i]
		overlap = overlap || seen
		known = known && seen && g.octets[i] == p.octets[i-p.start]
	}
	if known && (!p.last || g.total == p.end) {
		return false
	}
	misplaced := g.total != 0 && p.end > g.total || p.last && (g.total != 0 || highest > p.end)
	if v6 && (misplaced || overlap) {
		g.dead = true
		return false
	}
	if misplaced {
		return false
	}
	for len(g.seen) < p.end {
		g.seen, g.octets = append(g.seen, false), append(g.octets, 0)
	}
	for i := p.start; i < p.end; i++ {
		if !g.seen[i] {
			g.seen[i], g.octets[i] = true, p.octets[i-p.start]
		}
	}
	if p.last {
		g.total = p.end
	}
	for i := range g.total {
		if !g.seen[i] {
			return false
		}
	}
	return g.total != 0
}

// plainTable holds those that are open, and those that were completed last: the
// table under test remembers one.
type plainTable struct {
	open, latest map[fragmentKey]*plainDatagram
}

// join adds a fragment as it came, and returns the datagram that it completes.
func (t *plainTable) join(key fragmentKey, p part, now fsm.Time) *plainDatagram {
	for k, g := range t.open {
		if now-g.since > fragmentTimeout {
			delete(t.open, k)
		}
	}
	length := p.end - p.start
	if length == 0 {
		return nil
	}
	if !p.last {
		if length < 8 || key.v6 && length%8 != 0 {
			return nil
		}
		p.end -= length % 8
	}
	if p.end > maxDatagram {
		return nil
	}
	g := t.open[key]
	if g == nil {
		if old := t.latest[key]; old != nil && now-old.since <= fragmentTimeout && !misplacedIn(old, &p) {
			return nil
		}
		g = &plainDatagram{since: now}
		t.open[key] = g
	}
	if !g.add(&p, key.v6) {
		return nil
	}
	delete(t.open, key)
	t.latest = map[fragmentKey]*plainDatagram{key: g}
	return g
}

// FuzzFragments gives a table any fragments of a few datagrams, each in five
// octets, and holds it against the plain way to put datagrams together.
func FuzzFragments(f *testing.F) {
	const last, longLength, v6 = 0x80, 0x40, 0x20 // bits of the first octet, with 3 bits of identification
	f.Add([]byte{0, 0, 8, 1, 0, last, 1, 5, 2, 0})
	f.Add([]byte{last, 1, 5, 2, 0, 0, 0, 8, 1, 0})
	f.Add([]byte{v6, 0, 16, 1, 0, v6, 1, 8, 2, 0, v6 | last, 2, 8, 3, 0})
	f.Add([]byte{0, 0, 8, 1, 0, 0, 2, 8, 1, 0, 0, 4, 8, 1, 0, 0, 0, 48, 2, 0, last, 6, 1, 1, 0})
	f.Add([]byte{1, 0, 8, 1, 0, last | 1, 1, 5, 2, 31, 1, 0, 8, 1, 0})
	f.Add([]byte{longLength, 255, 255, 1, 0, last | longLength, 0, 255, 2, 0})

	f.Fuzz(func(t *testing.T, data []byte) {
		var table fragmentTable
		plain := plainTable{open: map[fragmentKey]*plainDatagram{}}
		var now fsm.Time
		given := uint64(0)
		for ; len(data) >= 5 && given < 40; data = data[5:] {
			given++
			key := fragmentKey{id: uint32(data[0] & 7), v6: data[0]&v6 != 0}
			length := int(data[2])
			start := int(data[1]) * 8
			if data[0]&longLength != 0 {
				length, start = length*128, start*32
			}
			p := part{start: start, end: start + length, last: data[0]&last != 0}
			for i := range length {
				p.octets = append(p.octets, data[3]+byte(i/8))
			}
			now += fsm.Time(data[4]) * fsm.Second

			whole, evicted := p, table.counts.Evicted
			got := table.join(&key, &p, now)
			checkTable(t, &table)
			if table.counts.Evicted != evicted {
				return // the plain way has no bounds
			}
			want := plain.join(key, whole, now)
			if (got == nil) != (want == nil) {
				t.Fatalf("fragment %d, %+v: %v, want %v", given, key, got != nil, want != nil)
			}
			if got != nil && (got.total != want.total || !bytes.Equal(got.whole(), want.octets[:want.total])) {
				t.Fatalf("fragment %d: %x, want %x", given, got.whole(), want.octets[:want.total])
			}
		}
		if n := len(table.byKey); n != len(plain.open) {
			t.Fatalf("%d datagrams open, want %d", n, len(plain.open))
		}
	})
}

// misplacedIn reports whether a fragment has other octets than a whole datagram
// or reaches behind its end.
func misplacedIn(g *plainDatagram, p *part) bool {
	if p.end > g.total || p.last && p.end != g.total {
		return true
	}
	return !bytes.Equal(g.octets[p.start:p.end], p.octets[:p.end-p.start])
}

// checkTable checks what always holds.
func checkTable(t *testing.T, table *fragmentTable) {
	sum, n := 0, 0
	for g := table.oldest; g != nil; g = g.after {
		n++
		size, have, end := datagramSize+frameSize*len(g.frames), 0, 0
		for _, x := range g.pieces {
			size += pieceSize + cap(x.octets)
			have += x.end - x.start
			if x.start < end || x.end <= x.start || len(x.octets) > x.end-x.start {
				t.Fatalf("piece %d to %d of %d octets behind %d", x.start, x.end, len(x.octets), end)
			}
			end = x.end
		}
		if table.byKey[g.key] != g || len(g.pieces) > maxPieces || size != g.size || have != g.have || g.highest < end {
			t.Fatalf("%+v, %d pieces, %d octets, %d bytes", g.key, len(g.pieces), g.have, g.size)
		}
		sum += size
	}
	if n != len(table.byKey) {
		t.Fatalf("%d datagrams in order, %d keys", n, len(table.byKey))
	}
	if sum != table.bytes || sum > maxFragmentBytes || len(table.byKey) > maxDatagrams {
		t.Fatalf("%d bytes counted, %d there; %d datagrams", table.bytes, sum, len(table.byKey))
	}
}
