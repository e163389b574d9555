// Package earliest remembers the first of many things, within a bound.
package earliest

import "hash/maphash"

// Map keeps values by keys: those of the first keys that come, up to a number. The zero Map
// is empty. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	all  map[K]*V
	full filter // of its keys, from when there are as many as there may be
}

// At returns the value of a key, which is a new one if there was none and there are fewer
// keys than most, or nil. added says that it is new.
func (m *Map[K, V]) At(key K, most int) (v *V, added bool) {
	if v = m.Get(key); v != nil || len(m.all) >= most {
		return v, false
	}
	if m.all == nil {
		m.all = make(map[K]*V)
	}
	v = new(V)
	m.all[key] = v
	if len(m.all) == most {
		m.full = newFilter(most)
		for k := range m.all {
			m.full.add(maphash.Comparable(m.full.seed, k))
		}
	}
	return v, true
}

// Get returns the value of a key, or nil.
func (m *Map[K, V]) Get(key K) *V {
	if m.full.bits != nil && !m.full.mayHave(maphash.Comparable(m.full.seed, key)) {
		return nil
	}
	return m.all[key]
}

// Len returns how many keys there are.
func (m *Map[K, V]) Len() int { return len(m.all) }

// All returns every key's value, for who changes neither.
func (m *Map[K, V]) All() map[K]*V { return m.all }

// filter tells most keys that are not in a map from those that may be. In a flood or a scan
// nearly every key is another: a look into a large map would cost more than all else
// that is done for it, and the filter is small enough for the processor's cache.
type filter struct {
	seed maphash.Seed
	bits []uint64
}

// newFilter returns a filter of so many keys: with eight bits for each, of which two are set,
// it is wrong about one key in twenty.
func newFilter(keys int) filter {
	words := 1
	for words*64 < keys*8 {
		words *= 2
	}
	return filter{maphash.MakeSeed(), make([]uint64, words)}
}

func (f *filter) add(hash uint64) {
	*f.word(hash) |= 1 << (hash % 64)
	hash >>= 32
	*f.word(hash) |= 1 << (hash % 64)
}

func (f *filter) mayHave(hash uint64) bool {
	first := *f.word(hash) >> (hash % 64)
	hash >>= 32
	return first&(*f.word(hash)>>(hash%64))&1 != 0
}

func (f *filter) word(hash uint64) *uint64 { return &f.bits[hash>>6&uint64(len(f.bits)-1)] }
