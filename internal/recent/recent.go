// Package recent remembers the latest of many things, within a bound.
package recent

// Map keeps values by keys. When there are too many keys, those are forgotten for which
// nothing was put in since as many others were: one by one they would have to be looked
// for, so they go a generation at a time, of which there are two. The zero Map is empty.
type Map[K comparable, V any] struct {
	latest, before map[K]V
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(k K) (v V, ok bool) {
	if v, ok = m.latest[k]; !ok {
		v, ok = m.before[k]
	}
	return v, ok
}

// Put sets the value of a key. A generation has at most so many keys.
func (m *Map[K, V]) Put(k K, v V, most int) {
	switch {
	case m.latest == nil:
		m.latest, m.before = make(map[K]V), make(map[K]V)
	case len(m.latest) >= most:
		m.latest, m.before = m.before, m.latest
		clear(m.latest)
	}
	m.latest[k] = v
}

// Renew returns the value of a key, which counts as put in anew.
func (m *Map[K, V]) Renew(k K, most int) (v V, ok bool) {
	if v, ok = m.latest[k]; ok {
		return v, true
	}
	if v, ok = m.before[k]; ok {
		delete(m.before, k)
		m.Put(k, v, most)
	}
	return v, ok
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(k K) {
	delete(m.latest, k)
	delete(m.before, k)
}

// Len returns how many keys each generation has.
func (m *Map[K, V]) Len() (latest, before int) { return len(m.latest), len(m.before) }
