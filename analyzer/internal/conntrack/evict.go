package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// evictFrom says which connections may go to make room.
type evictFrom uint8

const (
	fromAll evictFrom = iota
	onlyCompact
	onlyWhole
)

// evictFor says what there is too little of.
type evictFor uint8

const (
	forNumber evictFor = iota // of Options.MaxConnections
	forMemory                 // of Options.Memory
)

// evict makes room, and reports whether there was anything to give up. What has ended
// loses nothing but the wait for stragglers, so it goes first; then the oldest that is
// half-open; then the one that has been idle for longest, or nearly.
func (t *Table) evict(from evictFrom, why evictFor) bool {
	y := &t.compact
	heads := func(whole *queue, compact *compactQueue, older func(c *conn, i uint32) bool) (c *conn, i uint32) {
		if from != onlyCompact {
			c = whole.head
		}
		if from != onlyWhole {
			i = compact.head
		}
		if c == nil || i == 0 {
			return c, i
		}
		if older(c, i) {
			return c, 0
		}
		return nil, i
	}
	began := func(c *conn, i uint32) bool { return c.ID < y.conns.at(i).id }
	used := func(c *conn, i uint32) bool { return c.Last.Time < y.conns.at(i).latest }
	if c, i := heads(&t.over, &y.over, began); c != nil {
		t.end(c)
		return true
	} else if i != 0 {
		t.endCompact(i)
		return true
	}
	n := &t.evictions.HalfOpen
	c, i := heads(&t.halfOpen, &y.halfOpen, began)
	if c == nil && i == 0 {
		n = &t.evictions.Idle
		t.spareBusy()
		c, i = heads(&t.open, &y.open, used)
	}
	if i != 0 && y.hasParked(y.conns.at(i)) {
		t.dropParked(y.conns.at(i))
	}
	switch {
	case i != 0:
		t.noteEvicted(t.index.hashOf(y.conns.at(i)), y.firstSYN(y.conns.at(i)))
		t.reportCompact(i, ending{evicted: true})
	case c != nil:
		c.Evicted = true
		t.dropPending(c)
		t.noteEvicted(c.hash, c.isn())
		t.report(c)
		t.forget(c)
	default:
		return false
	}
	*n++
	if why == forMemory {
		t.evictions.ForMemory++
	}
	return true
}

// dropPending forgets a pending SYN whose connection must go before it is known what the
// SYN was. One that was answered by an ACK of the connection's is its own, unless it turned
// out to be an attempt.
func (t *Table) dropPending(c *conn) {
	if y := c.pending; y != nil && (y.challenged.Frame == 0 || y.attempt) {
		t.evictions.Packets += uint64(len(y.held))
		t.dropStream(y.held[0].Frame)
		c.pending = nil
	}
	t.rejectPending(c)
}

// dropParked does the same for the SYN that is parked beside a compact connection.
func (t *Table) dropParked(n *compactConn) {
	a := t.compact.again.at(n.again)
	a.parked = false
	t.evictions.Packets++
	t.dropStream(a.syn.frame)
}

// mostSpared bounds how many connections are looked at to find one that is idle.
const mostSpared = 32

// spareBusy moves those of the oldest open connections back that were used since they
// were the oldest before.
func (t *Table) spareBusy() {
	y := &t.compact
	for range mostSpared {
		c := t.open.head
		if c == nil || c.Last.Time <= c.looked {
			break
		}
		c.looked = c.Last.Time
		c.moveTo(&t.open)
	}
	for range mostSpared {
		i := y.open.head
		if i == 0 {
			break
		}
		n := y.conns.at(i)
		if n.latest <= n.looked() {
			break
		}
		n.look()
		y.move(i, &y.open, &y.open)
	}
}

// isn returns the number of the connection's first SYN, or 0.
func (c *conn) isn() fsm.Seq {
	if e := &c.Conn.End[fsm.Client]; e.SentSYN {
		return e.ISS
	}
	return 0
}

// maxGone bounds the evicted connections that are remembered; of one that is forgotten
// later segments look like a new connection.
const maxGone = 1 << 15

// noteEvicted remembers a connection that was evicted, for ever if there is room: that
// it goes on must not make another one of it.
func (t *Table) noteEvicted(hash uint64, isn fsm.Seq) {
	if x, place := t.gone.find(hash); x != nil {
		t.gone.reopen(place)
	}
	t.gone.add(tombstone{hash: hash, isn: isn}, false)
}

// wasEvicted reports whether a segment of a key that has no connection belongs to one
// that was evicted. It is counted then, and nothing else.
func (t *Table) wasEvicted(hash uint64, p *decode.Packet) bool {
	if t.gone.at.n == 0 {
		return false
	}
	x, place := t.gone.find(hash)
	if x == nil {
		return false
	}
	if s := &p.Segment; s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN && s.Seq != x.isn {
		t.gone.reopen(place) // a connection of its own
		return false
	}
	if !x.seen {
		x.seen = true
		t.evictions.SeenAgain++
	}
	t.evictions.Packets++
	return true
}

// Evictions counts what a table gave up to keep within its limits; record.Evictions says
// what each of the numbers is.
type Evictions struct {
	HalfOpen, Idle, ForMemory, SeenAgain, Packets, Forgotten, EndedForgotten uint64
}

// Evictions returns what was given up so far.
func (t *Table) Evictions() Evictions {
	e := t.evictions
	e.Forgotten, e.EndedForgotten = t.gone.early, t.tombstones.early
	return e
}
