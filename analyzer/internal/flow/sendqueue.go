package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// sent is one segment that took sequence numbers and is not acknowledged yet.
type sent struct {
	seq, end fsm.Seq
	frame    fsm.Frame
	first    fsm.Time // when it was sent first …
	latest   fsm.Time // … and last
	tsVal    uint32
	ipID     uint16
	times    uint8
	sacked   bool
}

// sendQueue holds what a direction has outstanding, oldest first. It is a ring
// that keeps its room.
type sendQueue struct {
	ring []sent // its length is a power of two
	head int
	n    int
}

// maxOutstanding bounds the queue. A window of more segments than this loses the
// oldest entries, and with them only the names of some retransmissions' kinds.
const maxOutstanding = 1 << 14

func (q *sendQueue) at(i int) *sent { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *sendQueue) push(s sent) {
	if q.n == len(q.ring) {
		if q.n == maxOutstanding {
			q.pop()
		} else {
			q.grow()
		}
	}
	q.n++
	*q.at(q.n - 1) = s
}

func (q *sendQueue) pop() {
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
}

func (q *sendQueue) grow() {
	bigger := make([]sent, max(8, 2*len(q.ring)))
	for i := range q.n {
		bigger[i] = *q.at(i)
	}
	q.ring, q.head = bigger, 0
}

// insert adds a segment in the order of sequence numbers; nearly always that is
// the end.
func (q *sendQueue) insert(s sent) {
	q.push(s)
	for i := q.n - 1; i > 0 && q.at(i).seq.Before(q.at(i-1).seq); i-- {
		*q.at(i), *q.at(i - 1) = *q.at(i - 1), *q.at(i)
	}
}

// find returns the index of the first entry that shares numbers with
// [seq, end), or −1.
func (q *sendQueue) find(seq, end fsm.Seq) int {
	lo, hi := 0, q.n
	for lo < hi { // the first entry that ends after seq
		mid := (lo + hi) / 2
		if q.at(mid).end.After(seq) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo < q.n && q.at(lo).seq.Before(end) {
		return lo
	}
	return -1
}

// acknowledged returns the latest of the entries acknowledged before that shares
// numbers with [seq, end), as far as the ring still holds it, or nil. Behind the
// head the ring keeps them in order until new ones take their places.
func (q *sendQueue) acknowledged(seq, end fsm.Seq) *sent {
	behind := func(i int) *sent { return &q.ring[(q.head-i)&(len(q.ring)-1)] }
	lo, hi := 1, len(q.ring)-q.n+1
	for lo < hi { // the first, going back, that begins before end
		mid := (lo + hi) / 2
		if e := behind(mid); e.frame == 0 || e.seq.Before(end) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo > len(q.ring)-q.n {
		return nil
	}
	if e := behind(lo); e.frame != 0 && e.end.After(seq) {
		return e
	}
	return nil
}

// covering returns the entry, outstanding or just acknowledged, that shares
// numbers with [seq, end), or nil.
func (q *sendQueue) covering(seq, end fsm.Seq) *sent {
	if i := q.find(seq, end); i >= 0 {
		return q.at(i)
	}
	return q.acknowledged(seq, end)
}

// clear forgets everything but keeps the room.
func (q *sendQueue) clear() {
	clear(q.ring)
	q.head, q.n = 0, 0
}

// above returns the entry with the lowest numbers from seq on, or nil.
func (q *sendQueue) above(seq fsm.Seq) *sent {
	lo, hi := 0, q.n
	for lo < hi {
		mid := (lo + hi) / 2
		if q.at(mid).seq.Before(seq) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == q.n {
		return nil
	}
	return q.at(lo)
}

// newestSacked reports when the latest sent of the selectively acknowledged
// entries above seq was sent, and whether there is one.
func (q *sendQueue) newestSacked(seq fsm.Seq) (latest fsm.Time, any bool) {
	for i := q.n - 1; i >= 0; i-- {
		e := q.at(i)
		if !e.end.After(seq) {
			break
		}
		if e.sacked && (!any || e.latest > latest) {
			latest, any = e.latest, true
		}
	}
	return latest, any
}
