package relate

// recent finds the latest connection of a key among those that are remembered. One that
// is forgotten is not taken out, which would be most of the work: as soon as there are as
// many keys as are remembered, all that were noted before those are dropped.
type recent[K comparable] struct {
	latest, before map[K]uint64 // which connection, counted from 1
}

// note makes the n-th connection the latest of its key.
func (r *recent[K]) note(k K, n uint64) {
	switch {
	case r.latest == nil:
		r.latest, r.before = make(map[K]uint64), make(map[K]uint64)
	case len(r.latest) >= most:
		r.latest, r.before = r.before, r.latest
		clear(r.latest)
	}
	r.latest[k] = n
}

// find returns the latest connection of a key, 0 for none. It may be forgotten.
func (r *recent[K]) find(k K) uint64 {
	if n, ok := r.latest[k]; ok {
		return n
	}
	return r.before[k]
}
