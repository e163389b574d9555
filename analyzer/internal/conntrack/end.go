package conntrack

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// end reports a connection and leaves a tombstone: for 2 MSL its stragglers must not
// look like a connection of their own.
func (t *Table) end(c *conn) {
	t.rejectPending(c)
	t.report(c)
	timeWait := c.Conn.End[0].State == fsm.TimeWait || c.Conn.End[1].State == fsm.TimeWait
	if pre := t.tombstones.add(tombstone{hash: c.hash, until: c.Last.Time + t.twoMSL, incarnation: int32(c.Incarnation)}, timeWait); pre != nil {
		*pre = *c.AsPrevious()
	}
	t.forget(c)
}

func (t *Table) report(c *conn) {
	c.unlink()
	c.Finish(t.asOf(c.First.Frame, max(c.Last.Time, c.Latest.Time)))
	if !t.streams.alone(&c.Ends) || c.ReusedAt.Frame != 0 && c.Last.Frame > c.ReusedAt.Frame { // the latter are in the SYN's stream
		c.NoStream = true
	}
	if t.opt.Ended != nil {
		t.opt.Ended(&c.Flow)
	}
}

// lingered does what hasWaited does for a compact connection.
func (t *Table) lingered(i uint32) bool {
	n := t.compact.conns.at(i)
	return t.hasWaited(n.latest+t.opt.Linger, n.overAt())
}

// endCompact does what end does for a compact connection.
func (t *Table) endCompact(i uint32) {
	y := &t.compact
	n := y.conns.at(i)
	if y.hasParked(n) {
		t.end(t.whole(i))
		return
	}
	x := tombstone{hash: t.index.hashOf(n), until: n.latest + t.twoMSL, incarnation: int32(y.incarnation(n))}
	if n.clean == 0 || y.clean.at(n.clean).stage == cutOff { // nobody is in TIME-WAIT
		t.tombstones.add(x, false)
	} else {
		c := y.clean.at(n.clean)
		until := c.timeWaitEnd(t.twoMSL)
		if pre := t.tombstones.add(x, t.now < until); pre != nil {
			c.asPrevious(n, until, pre)
		}
	}
	t.reportCompact(i, ending{})
}

// ending is why a connection is reported that has not ended by itself.
type ending struct {
	evicted  bool
	reusedAt fsm.Stamp // the SYN that opened the next one of its key
}

// reportCompact reports a connection that is not tracked whole.
func (t *Table) reportCompact(i uint32, how ending) {
	t.reserve()
	if t.opt.Clean != nil && !t.compact.conns.at(i).is(hasRejects) {
		if t.summarize(i, how) && t.opt.Clean(&t.summary) {
			t.removeCompact(i)
			return
		}
	}
	c := t.whole(i)
	c.Evicted, c.ReusedAt = how.evicted, how.reusedAt
	t.report(c)
	t.forget(c)
}

// remaining is a connection that is still tracked when it is to be reported.
type remaining struct {
	id      uint64
	conn    *conn
	compact uint32 // without a conn
}

// rest are the connections that are still tracked at the end and were not reported yet, by
// ID. There may be a million, so each takes few bytes.
type rest struct {
	list   []restPlace
	conns  []*conn
	listed bool
}

// restPlace is where such a connection is.
type restPlace struct {
	id      uint64
	conn    uint32 // index in rest.conns, without a compact one
	compact uint32
}

// Finish reports the connections still tracked that were born with packet upTo of
// the capture or before, in order of ID; now is the capture's latest time. It is
// called with growing numbers, the greatest at last, so that not all records have
// to be there at once. Nothing may be added any more.
func (t *Table) Finish(now fsm.Time, upTo uint64) {
	if !t.rest.listed {
		t.now = max(t.now, now)
		t.ordinal = settled
		t.listRest()
	}
	n := 0
	for ; n < len(t.rest.list); n++ {
		r := remaining{id: t.rest.list[n].id, compact: t.rest.list[n].compact}
		var ordinal uint64
		if r.compact != 0 {
			ordinal = t.compact.conns.at(r.compact).ordinal
		} else {
			r.conn = t.rest.conns[t.rest.list[n].conn]
			ordinal = r.conn.birth.Ordinal
		}
		if ordinal > upTo {
			break
		}
		t.finish(r)
	}
	t.rest.list = t.rest.list[n:]
}

// finish reports a connection at the end, and the one that a SYN beside it begins.
func (t *Table) finish(r remaining) {
	c, i := r.conn, r.compact
	if c != nil && c.pending != nil || c == nil && t.compact.hasParked(t.compact.conns.at(i)) {
		rejected, next, compact := t.settle(r)
		if rejected != nil && next != nil {
			t.report(rejected)
			t.forget(rejected)
			rejected = nil
		}
		c, i = cmp.Or(rejected, next), compact
	}
	if c == nil {
		t.reportCompact(i, ending{})
		return
	}
	t.report(c)
	t.forget(c)
}

func (t *Table) listRest() {
	r := &t.rest
	r.listed, r.list = true, make([]restPlace, 0, t.Open())
	for _, q := range []*queue{&t.over, &t.open, &t.halfOpen} {
		for c := q.head; c != nil; c = c.next {
			r.list = append(r.list, restPlace{id: c.ID, conn: uint32(len(r.conns))})
			r.conns = append(r.conns, c)
		}
	}
	y := &t.compact
	for _, q := range []compactQueue{y.halfOpen, y.open, y.over} {
		for i := q.head; i != 0; i = y.conns.at(i).next {
			r.list = append(r.list, restPlace{id: y.conns.at(i).id, compact: i})
		}
	}
	slices.SortFunc(r.list, func(a, b restPlace) int { return cmp.Compare(a.id, b.id) })
}
