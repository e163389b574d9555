package conntrack

// hashTable finds places in arenas by hash. It uses open addressing with linear
// probing: where a key is not in it, as with every SYN of a flood, the answer takes
// one look at memory instead of a Go map's several.
type hashTable struct {
	slots []hashSlot // a power of two
	n     int
}

type hashSlot struct {
	tag   uint32 // of the hash; its low bits say where the slot should be
	place uint32 // 0 for an empty slot
}

const fewestSlots = 64

// slotsOfPage is how many slots lie between two writes to a new table that give each of its
// pages memory of its own. The kernel would first give a page that is read a page of
// nothing, and then interrupt the other processors to take that away.
const slotsOfPage = 4096 / 8

// find returns the first place put under the hash for which is returns true, or 0.
func (t *hashTable) find(hash uint64, is func(place uint32) bool) uint32 {
	if t.n == 0 {
		return 0
	}
	mask, tag := uint32(len(t.slots)-1), uint32(hash)
	for i := tag & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.place == 0 || s.tag == tag && is(s.place) {
			return s.place
		}
	}
}

// peek brings the slot that a hash begins at into the processor's cache. What it returns
// means nothing.
func (t *hashTable) peek(hash uint64) uint32 {
	if len(t.slots) == 0 {
		return 0
	}
	return t.slots[uint32(hash)&uint32(len(t.slots)-1)].place
}

// put enters a place, which is not 0.
func (t *hashTable) put(hash uint64, place uint32) {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]hashSlot, max(fewestSlots, 2*len(old)))
		for i := 0; i < len(t.slots); i += slotsOfPage {
			t.slots[i] = hashSlot{}
		}
		for _, s := range old {
			if s.place != 0 {
				t.enter(s)
			}
		}
	}
	t.enter(hashSlot{uint32(hash), place})
	t.n++
}

func (t *hashTable) enter(s hashSlot) {
	mask := uint32(len(t.slots) - 1)
	i := s.tag & mask
	for t.slots[i].place != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// remove takes out a place that was put under the hash.
func (t *hashTable) remove(hash uint64, place uint32) {
	mask := uint32(len(t.slots) - 1)
	hole := uint32(hash) & mask
	for t.slots[hole].place != place {
		if t.slots[hole].place == 0 {
			return // it was taken out before
		}
		hole = (hole + 1) & mask
	}
	// Close the hole: what comes behind it moves up, unless it stands no farther
	// back than it should.
	for i := (hole + 1) & mask; t.slots[i].place != 0; i = (i + 1) & mask {
		if home := t.slots[i].tag & mask; (i-home)&mask >= (i-hole)&mask {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = hashSlot{}
	t.n--
}
