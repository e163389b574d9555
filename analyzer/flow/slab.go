package flow

// slab holds many values of one small type. A value's place is a number from 1
// on, half the size of a pointer and nothing to the garbage collector.
type slab[T any] struct {
	chunks [][]T
	used   uint32   // places ever taken
	free   []uint32 // of these, those given back
}

const slabChunk = 256

// take returns the place of a zero value.
func (s *slab[T]) take() uint32 {
	if last := len(s.free) - 1; last >= 0 {
		i := s.free[last]
		s.free = s.free[:last]
		*s.at(i) = *new(T)
		return i
	}
	if s.used%slabChunk == 0 {
		s.chunks = append(s.chunks, make([]T, slabChunk))
	}
	s.used++
	return s.used
}

// at returns the value at a place that take returned.
func (s *slab[T]) at(i uint32) *T {
	i--
	return &s.chunks[i/slabChunk][i%slabChunk]
}

// give hands a place back.
func (s *slab[T]) give(i uint32) { s.free = append(s.free, i) }
