package flow

import (
	"slices"
	"sort"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sent is one segment that took sequence numbers and is not acknowledged yet.
type sent struct {
	seq, end fsm.Seq
	frame    fsm.Frame
	first    fsm.Time // when it was sent first …
	latest   fsm.Time // … and last
	tsVal    uint32   // 0 without timestamps
	ipID     uint16
	times    uint8
	sacked   bool
	rate     sentRate
}

// sendQueue holds what a direction has outstanding in the order of sequence numbers,
// and in front of it the latest of what was acknowledged, as far as there is room.
//
// It is a list of runs of at most longestRun entries. In nearly all connections there
// is one run, to which segments are appended. With many, looking up an entry halves
// the list, inserting one moves the entries of a single run, and what a run's entries
// have in common need not be looked up one by one: no segment costs more than a
// walk over the runs, of which there are a few hundred at most.
type sendQueue struct {
	runs  []run
	front place  // of the oldest entry outstanding, or where it would be
	n     int    // entries outstanding
	acked int    // entries in front of them
	room  int    // for both; a power of two
	full  bool   // the oldest outstanding was forgotten
	spare []sent // memory for another run, or nil
}

// place is where an entry stands: its run, and its index in that run's memory.
type place struct{ run, at int }

const (
	// maxOutstanding bounds the queue. A window of more segments than this loses the
	// oldest entries, and with them only the names of some retransmissions' kinds.
	maxOutstanding = 1 << 14

	leastRoom = 8
)

// at returns the entry at a place.
func (q *sendQueue) at(p place) *sent { return &q.runs[p.run].buf[p.at] }

// within reports whether there is an entry at p.
func (q *sendQueue) within(p place) bool {
	return p.run < len(q.runs) && p.at < q.runs[p.run].to
}

// next returns the place behind p.
func (q *sendQueue) next(p place) place {
	if p.at++; p.at == q.runs[p.run].to && p.run+1 < len(q.runs) {
		p.run++
		p.at = q.runs[p.run].from
	}
	return p
}

// last returns the entry with the highest numbers; there must be one.
func (q *sendQueue) last() *sent { return q.runs[len(q.runs)-1].last() }

// first returns the entry with the lowest numbers; there must be one.
func (q *sendQueue) first() *sent { return &q.runs[0].buf[q.runs[0].from] }

// push adds a segment at the end.
func (q *sendQueue) push(s sent) {
	q.makeRoom()
	r := &q.runs[len(q.runs)-1]
	if r.to == len(r.buf) {
		r = q.extend()
	}
	r.buf[r.to] = s
	r.to++
	r.known = false
	q.n++
}

// makeRoom has one entry less than there is room for, and at least one run.
func (q *sendQueue) makeRoom() {
	if len(q.runs) == 0 {
		q.runs = append(q.runs, run{buf: make([]sent, memory(leastRoom))})
	}
	switch {
	case q.n < q.room:
	case q.room == 0:
		q.room = leastRoom
	case q.room < maxOutstanding:
		q.room *= 2
	default:
		q.full = true
		q.pop()
	}
	if q.n+q.acked == q.room {
		q.forget()
	}
}

// forget drops the oldest of the acknowledged entries.
func (q *sendQueue) forget() {
	r := &q.runs[0]
	r.from++
	q.acked--
	if r.from == r.to && len(q.runs) > 1 {
		if len(r.buf) == memory(longestRun) {
			q.spare = r.buf
		}
		q.runs = slices.Delete(q.runs, 0, 1)
		q.front.run--
	}
}

// extend makes room at the end of the last run, or begins another.
func (q *sendQueue) extend() *run {
	last := len(q.runs) - 1
	r := &q.runs[last]
	switch {
	case r.from >= len(r.buf)/5:
		if q.front.run == last {
			q.front.at -= r.from
		}
		r.moveDown(r.buf)
	case len(r.buf) < memory(longestRun):
		if q.front.run == last {
			q.front.at -= r.from
		}
		r.moveDown(make([]sent, memory(2*(r.to-r.from))))
	default:
		if q.front == (place{last, r.to}) {
			q.front = place{last + 1, 0}
		}
		q.runs = append(q.runs, run{buf: q.newMemory()})
		r = &q.runs[last+1]
	}
	return r
}

// newMemory returns memory for the longest run.
func (q *sendQueue) newMemory() []sent {
	if buf := q.spare; buf != nil {
		q.spare = nil
		return buf
	}
	return make([]sent, memory(longestRun))
}

// pop takes the oldest entry outstanding for acknowledged.
func (q *sendQueue) pop() {
	q.front = q.next(q.front)
	q.n--
	q.acked++
}

// insert adds a segment in the order of sequence numbers.
func (q *sendQueue) insert(s sent) {
	if q.n == 0 || !s.seq.Before(q.last().seq) {
		q.push(s)
		return
	}
	q.makeRoom()
	p := q.search(func(e *sent) bool { return e.seq.After(s.seq) })
	if r := &q.runs[p.run]; r.to == len(r.buf) {
		p = q.widen(p)
	}
	r := &q.runs[p.run]
	copy(r.buf[p.at+1:r.to+1], r.buf[p.at:r.to])
	r.buf[p.at] = s
	r.to++
	r.known = false
	q.n++
}

// widen makes room in a full run for an entry at p, and returns its place now.
func (q *sendQueue) widen(p place) place {
	r := &q.runs[p.run]
	if r.from > 0 || len(r.buf) < memory(longestRun) {
		buf := r.buf
		if r.from == 0 {
			buf = make([]sent, memory(2*len(r.buf)))
		}
		p.at -= r.from
		if q.front.run == p.run {
			q.front.at -= r.from
		}
		r.moveDown(buf)
		return p
	}
	half := r.to / 2
	upper := run{buf: q.newMemory()}
	upper.to = copy(upper.buf, r.buf[half:r.to])
	r.to, r.known = half, false
	q.runs = slices.Insert(q.runs, p.run+1, upper)
	if q.front.run > p.run {
		q.front.run++
	} else if q.front.run == p.run && q.front.at >= half {
		q.front = place{p.run + 1, q.front.at - half}
	}
	if p.at > half || p.at == half && q.front.run > p.run {
		p = place{p.run + 1, p.at - half}
	}
	return p
}

// search returns the place of the first entry outstanding for which is holds. It must
// hold for all those behind that as well.
func (q *sendQueue) search(is func(*sent) bool) place {
	if q.n == 0 {
		return place{run: len(q.runs)}
	}
	i := q.front.run + sort.Search(len(q.runs)-q.front.run, func(i int) bool {
		return is(q.runs[q.front.run+i].last())
	})
	if i == len(q.runs) {
		return place{run: i}
	}
	from := q.runs[i].from
	if i == q.front.run {
		from = q.front.at
	}
	entries := q.runs[i].buf[from:q.runs[i].to]
	return place{i, from + sort.Search(len(entries), func(i int) bool { return is(&entries[i]) })}
}

// find returns the place of the first entry that shares numbers with [seq, end), and
// whether there is one.
func (q *sendQueue) find(seq, end fsm.Seq) (place, bool) {
	p := q.search(func(e *sent) bool { return e.end.After(seq) })
	return p, q.within(p) && q.at(p).seq.Before(end)
}

// acknowledged returns the latest of the entries acknowledged before that shares
// numbers with [seq, end), as far as the queue still holds it, or nil.
func (q *sendQueue) acknowledged(seq, end fsm.Seq) *sent {
	if q.acked == 0 {
		return nil
	}
	begins := func(e *sent) bool { return !e.seq.Before(end) }
	// The last run that begins with an acknowledged entry before end.
	i := sort.Search(q.front.run+1, func(i int) bool {
		r := &q.runs[i]
		return place{i, r.from} == q.front || begins(&r.buf[r.from])
	}) - 1
	if i < 0 {
		return nil
	}
	r := &q.runs[i]
	entries := r.buf[r.from:r.to]
	if i == q.front.run {
		entries = r.buf[r.from:q.front.at]
	}
	e := &entries[sort.Search(len(entries), func(i int) bool { return begins(&entries[i]) })-1]
	if e.end.After(seq) {
		return e
	}
	return nil
}

// covering returns the entry, outstanding or just acknowledged, that shares
// numbers with [seq, end), or nil.
func (q *sendQueue) covering(seq, end fsm.Seq) *sent {
	if p, ok := q.find(seq, end); ok {
		return q.at(p)
	}
	return q.acknowledged(seq, end)
}

// clear forgets everything, but keeps memory for a few entries.
func (q *sendQueue) clear() {
	if len(q.runs) == 0 {
		return
	}
	buf := q.runs[0].buf
	clear(q.runs)
	*q = sendQueue{runs: append(q.runs[:0], run{buf: buf})}
}

// above returns the entry with the lowest numbers from seq on, or nil.
func (q *sendQueue) above(seq fsm.Seq) *sent {
	if p := q.search(func(e *sent) bool { return !e.seq.Before(seq) }); q.within(p) {
		return q.at(p)
	}
	return nil
}

// sentAgain notes that the entries from p on that begin before end were sent again.
func (q *sendQueue) sentAgain(p place, end fsm.Seq, now fsm.Time) {
	for ; q.within(p) && q.at(p).seq.Before(end); p = q.next(p) {
		q.at(p).again(now)
		q.runs[p.run].known = false
	}
}

// sackedSince reports whether an entry with numbers above seq was selectively
// acknowledged that was sent at that time or later.
func (q *sendQueue) sackedSince(seq fsm.Seq, since fsm.Time) bool {
	for i := len(q.runs) - 1; i >= q.front.run; i-- {
		r := &q.runs[i]
		from := r.from
		if i == q.front.run {
			from = q.front.at
		} else if !r.sackedSince(since) {
			continue
		} else if r.buf[from].end.After(seq) {
			return true
		}
		for j := r.to - 1; j >= from; j-- {
			e := &r.buf[j]
			if !e.end.After(seq) {
				return false
			}
			if e.sacked && e.latest >= since {
				return true
			}
		}
	}
	return false
}

// markSACKed marks the entries that lie within [from, to). It calls each for those
// that are marked for the first time, before.
func (q *sendQueue) markSACKed(from, to fsm.Seq, each func(*sent)) {
	p, ok := q.find(from, to)
	if !ok {
		return
	}
	for ; p.run < len(q.runs); p = q.startOf(p.run + 1) {
		r := &q.runs[p.run]
		if r.unsacked() == 0 {
			if r.last().end.After(to) {
				return
			}
			continue
		}
		for ; p.at < r.to; p.at++ {
			e := &r.buf[p.at]
			if e.end.After(to) && !e.seq.Before(from) {
				return
			}
			if !e.sacked && !e.seq.Before(from) {
				each(e)
				e.sacked, r.known = true, false
			}
		}
	}
}

// startOf returns the first place of a run.
func (q *sendQueue) startOf(i int) place {
	if i < len(q.runs) {
		return place{i, q.runs[i].from}
	}
	return place{run: i}
}
