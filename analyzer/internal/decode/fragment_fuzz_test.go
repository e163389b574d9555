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
		plain := map[fragmentKey]*plainDatagram{}
		latest := map[fragmentKey]*plainDatagram{}
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
			for k, g := range plain {
				if now-g.since > fragmentTimeout {
					delete(plain, k)
				}
			}
			possible := length > 0
			if !p.last {
				possible = length >= 8 && (!key.v6 || length%8 == 0)
			}
			whole := p
			if !p.last {
				whole.end -= length % 8
			}
			possible = possible && whole.end <= maxDatagram

			evicted := table.counts.Evicted
			got := table.join(&key, &p, now)
			checkTable(t, &table)
			if table.counts.Evicted != evicted {
				return // the plain way has no bounds
			}

			var want *plainDatagram
			if possible {
				g := plain[key]
				copies := false
				if old := latest[key]; g == nil && old != nil && now-old.since <= fragmentTimeout {
					copies = !misplacedIn(old, &whole)
				}
				if g == nil && !copies {
					g = &plainDatagram{since: now}
					plain[key] = g
				}
				if g != nil && g.add(&whole, key.v6) {
					want = g
					delete(plain, key)
					clear(latest) // the table remembers one
					latest[key] = g
				}
			}
			if (got == nil) != (want == nil) {
				t.Fatalf("fragment %d, %+v: %v, want %v", given, key, got != nil, want != nil)
			}
			if got != nil && (got.total != want.total || !bytes.Equal(got.octets, want.octets[:want.total])) {
				t.Fatalf("fragment %d: %x, want %x", given, got.octets, want.octets[:want.total])
			}
		}
		if n := len(table.open); n != len(plain) {
			t.Fatalf("%d datagrams open, want %d", n, len(plain))
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
	sum := 0
	for _, g := range table.open {
		sum += cap(g.octets)
		if table.byKey[g.key] != g || len(g.filled) > maxExtents {
			t.Fatalf("%+v, %d extents", g.key, len(g.filled))
		}
		end := -1
		for _, e := range g.filled {
			if e.start <= end || e.end <= e.start || e.end > len(g.octets) {
				t.Fatalf("extents %v of %d octets", g.filled, len(g.octets))
			}
			end = e.end
		}
	}
	if sum != table.bytes || sum > maxFragmentBytes || len(table.open) > maxDatagrams || len(table.byKey) != len(table.open) {
		t.Fatalf("%d octets counted, %d there; %d datagrams, %d keys", table.bytes, sum, len(table.open), len(table.byKey))
	}
}
