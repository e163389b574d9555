package conntrack

import (
	"unsafe"
)

// memory counts the bytes that a table has allocated, and says when more may not be.
// Memory of one kind is used again for that kind only, so each kind is sure of a share:
// a flood does not leave the connections behind it without memory, nor these the flood.
type memory struct {
	limit   int // 0 for none
	compact int // connections that are not tracked whole, and what finds all
	fast    int // what those on the fast path need beside their segments
	whole   int // connections tracked whole, as of the latest look at each
}

// The shares that each kind is sure of: one in so many of the limit.
const (
	compactShare = 4
	fastShare    = 16
	wholeShare   = 8
)

func (m *memory) compactFull() bool {
	return m.full(m.compact, compactShare, max(m.fast, m.limit/fastShare)+max(m.whole, m.limit/wholeShare))
}

func (m *memory) fastFull() bool {
	return m.full(m.fast, fastShare, max(m.compact, m.limit/compactShare)+max(m.whole, m.limit/wholeShare))
}

func (m *memory) wholeFull() bool {
	return m.full(m.whole, wholeShare, max(m.compact, m.limit/compactShare)+max(m.fast, m.limit/fastShare))
}

// full reports whether a kind of which so much is allocated may have no more, beside
// others that have so much or are sure of it.
func (m *memory) full(used, share, others int) bool {
	return m.limit > 0 && used >= max(m.limit/share, m.limit-others)
}

// bytes returns how much an arena has allocated.
func (s *arena[T]) bytes() int {
	return int(unsafe.Sizeof(*new(T)))*chunkSize*len(s.list) + 4*cap(s.free)
}

func (s *cellArena) bytes() int {
	return int(unsafe.Sizeof(cell{}))*chunkSize*len(s.list) + int(unsafe.Sizeof(chain{}))*cap(s.chains) + 4*cap(s.ready)
}

func (t *hashTable) bytes() int { return int(unsafe.Sizeof(hashSlot{})) * len(t.slots) }

func (g *tombstones) bytes() int {
	return g.at.bytes() + g.all.bytes() + g.previous.bytes() + 4*cap(g.queue)
}

// countMemory counts what may have been allocated since the last time.
func (t *Table) countMemory() {
	y := &t.compact
	t.memory.compact = y.conns.bytes() + y.cells.bytes() + y.again.bytes() + y.previous.bytes() +
		t.index.at.bytes() + t.index.tagged.bytes() + 8*cap(t.index.conns) + 16*cap(t.index.waits) + t.tombstones.bytes() + t.gone.bytes()
	t.memory.fast = y.clean.bytes()
}

// roomFor makes room for a packet to be kept compact, of a new connection or not, and
// reports whether there is any. It comes before the packet's connection is looked up,
// which may be the one that must go.
func (t *Table) roomFor() bool {
	y := &t.compact
	lacks := func() bool { return y.cells.free < mostCells || len(y.conns.free) == 0 }
	if !lacks() {
		return true
	}
	if t.countMemory(); !t.memory.compactFull() {
		return true
	}
	for lacks() {
		if !t.evict(onlyCompact, forMemory) {
			return false
		}
	}
	return true
}

// mostCells is how many cells a segment may need.
const mostCells = (storedMost+cellBytes-1)/cellBytes + 1

// roomToBeFast reports whether one connection more may be on the fast path.
func (t *Table) roomToBeFast() bool {
	y := &t.compact
	if t.memory.limit == 0 || len(y.clean.free) > 0 {
		return true
	}
	t.countMemory()
	return !t.memory.fastFull()
}

// reserve sees to it that a connection can be promoted without another's being given up
// for it.
func (t *Table) reserve() {
	if t.free == nil {
		c := t.room()
		c.next, t.free = nil, c
	}
}

// room makes a conn, or takes that of one that must go for it.
func (t *Table) room() *conn {
	if t.free == nil && t.memory.limit > 0 && !t.rest.listed {
		if t.countMemory(); t.memory.wholeFull() {
			t.evict(onlyWhole, forMemory)
		}
	}
	c := t.free
	if c != nil {
		t.free = c.next
		counted := c.counted
		c.entry = entry{counted: counted}
		return c
	}
	c = &conn{}
	c.counted = int(unsafe.Sizeof(conn{}))
	t.memory.whole += c.counted
	return c
}

// countWhole counts what a connection tracked whole has allocated since the last time.
func (t *Table) countWhole(c *conn) {
	now := int(unsafe.Sizeof(conn{})) + c.Bytes()
	t.memory.whole += now - c.counted
	c.counted = now
}

// countEvery is how many segments of a connection tracked whole come between two looks
// at its memory.
const countEvery = 16

// largeConn is the most that a connection's memory may be to be used again as it is:
// what one needed is too much to wait for another of its kind.
const largeConn = 32 << 10

// recycle keeps the memory of a connection that was reported for the next one.
func (t *Table) recycle(c *conn) {
	c.DropSeries()
	if t.countWhole(c); c.counted > largeConn {
		t.memory.whole -= c.counted
		return
	}
	c.next = t.free
	t.free = c
}

// shrink gives up connections tracked whole until their memory is within its bounds.
func (t *Table) shrink() {
	if t.memory.limit == 0 {
		return
	}
	t.countMemory()
	for t.memory.wholeFull() {
		if t.free == nil && !t.evict(onlyWhole, forMemory) {
			return
		}
		if c := t.free; c != nil {
			t.free = c.next
			t.memory.whole -= c.counted
		}
	}
}
