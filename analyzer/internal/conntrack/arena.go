package conntrack

// arena holds many values of one small type. A value's place is a number from 1
// on, half the size of a pointer and nothing to the garbage collector.
type arena[T any] struct {
	chunks[T]
	free []uint32 // places given back
}

// take returns the place of a zero value.
func (s *arena[T]) take() uint32 {
	i := s.takeUsed()
	*s.at(i) = *new(T)
	return i
}

// takeUsed returns the place of a value that may be any: it is to be written before
// it is read.
func (s *arena[T]) takeUsed() uint32 {
	if last := len(s.free) - 1; last >= 0 {
		i := s.free[last]
		s.free = s.free[:last]
		return i
	}
	return s.more()
}

// release hands a place back.
func (s *arena[T]) release(i uint32) { s.free = append(s.free, i) }

// chunks is the memory of an arena.
type chunks[T any] struct {
	list [][]T
	used uint32 // places ever taken
}

const chunkSize = 256

// at returns the value at a place.
func (r *chunks[T]) at(i uint32) *T {
	i--
	return &r.list[i/chunkSize][i%chunkSize]
}

// more returns a place never taken before.
func (r *chunks[T]) more() uint32 {
	if r.used%chunkSize == 0 {
		r.list = append(r.list, make([]T, chunkSize))
	}
	r.used++
	return r.used
}

// cell is room for some of the segments of a connection.
type cell struct {
	next  uint32 // of the same connection
	bytes [cellBytes]byte
}

// cellBytes makes a cell fill a line of the processor's cache: most of the work with
// packed segments is to wait for their memory.
const cellBytes = 60

// cellArena holds cells. Those of one connection are chained and given back at once,
// without a look at each.
type cellArena struct {
	chunks[cell]
	free   int      // given back and not taken again
	chains []chain  // of these, as they were given back
	ready  []uint32 // and those that are not in a chain any more
}

// chain is so many cells, one pointing to the next.
type chain struct{ first, cells uint32 }

// take returns a place whose value is to be written whole.
func (s *cellArena) take() uint32 {
	if len(s.ready) == 0 {
		if len(s.chains) == 0 {
			return s.more()
		}
		s.unchain()
	}
	last := len(s.ready) - 1
	i := s.ready[last]
	s.ready = s.ready[:last]
	s.free--
	return i
}

// release hands a chain of so many cells back.
func (s *cellArena) release(first uint32, n int) {
	s.chains = append(s.chains, chain{first, uint32(n)})
	s.free += n
}

// unchained is how many chains are taken apart at once.
const unchained = 16

// unchain makes the cells of the latest chains ready. A chain's next cell is known only
// when the one before has come from memory, where they have mostly been since long ago;
// to wait for that of many chains at once takes as long as for that of one.
func (s *cellArena) unchain() {
	from := max(0, len(s.chains)-unchained)
	for list := s.chains[from:]; len(list) > 0; {
		left := list[:0]
		for _, c := range list {
			s.ready = append(s.ready, c.first)
			if c.cells > 1 {
				left = append(left, chain{s.at(c.first).next, c.cells - 1})
			}
		}
		list = left
	}
	s.chains = s.chains[:from]
}
