package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Look goes over the open connections of a capture under way and has those judged that
// somebody waits on, or of which something new was noted, as they would be if they were
// reported now. Nothing that it does changes what is reported of them in the end.
//
// It must cost little where connections are many: one that waits is judged when it has
// waited for another second, later for another eighth of its wait (lookSteps), and how
// many are gone over and judged at one look is bounded. What is found to have trouble is
// watched from then on (watch.go).

// Looked says what is to become of a connection that was looked at.
type Looked uint8

// The ways.
const (
	LookLater  Looked = iota // it is looked at again as any other
	LookAgain                // it is watched
	LookNoMore               // it is not looked at any more
)

// LookOptions say how open connections are looked at.
type LookOptions struct {
	// Judge is given an open connection as it is; the Flow is valid during the call.
	Judge func(*flow.Flow) Looked

	// What makes it worth while to look at a connection that nobody waits on.
	Meaning fsm.Meaning
	Facts   flow.SegmentFacts

	Most int // connections judged at one look because somebody waits; half as many because of what was noted
}

// looker is what a table needs to look at its open connections.
type looker struct {
	LookOptions
	place      int      // how far the pass has come
	from, upTo fsm.Time // when the pass before it began, and when this one did
	before     fsm.Time // when the look before this one was
	left       int      // how many may still be judged at this look because somebody waits
	halfOpen   int      // how many of these half-open
	leftNews   int      // and how many because something was noted
	watched    []watched
	current    flow.Flow // a connection as it would be reported
	replayed   flow.Flow // a compact one
}

// passing says what a pass does with a compact connection.
type passing uint8

const (
	ordinary passing = iota
	quiet            // nobody waits on it until it has another segment, so its segments need no look
	aside            // it is left aside
)

// mostPassed bounds how many connections one look goes over; with more a pass takes
// several looks.
const mostPassed = 1 << 14

// lookSteps counts how often a connection is to be judged that has waited for so long: each
// second at first, later whenever its wait has grown by an eighth.
func lookSteps(wait fsm.Time) int {
	if wait < 0 {
		return 0
	}
	n, grown := int(wait/fsm.Second), 0
	for n >= 16 {
		n /= 2
		grown += 8
	}
	return grown + n
}

// Look goes over the open connections, or as many as one look allows.
func (t *Table) Look(now fsm.Time) {
	l := &t.look
	t.now = max(t.now, now)
	t.lookAtWatched(due)
	l.before = t.now
	whole, compact := len(t.index.conns), int(t.compact.conns.used)
	if l.place == 0 {
		l.from, l.upTo = l.upTo, t.now
	}
	l.left, l.halfOpen, l.leftNews = l.Most, l.Most/2, l.Most/2
	for range mostPassed {
		switch i := l.place; {
		case l.left == 0:
			return
		case i < whole:
			t.passPlace(i)
		case i < whole+compact:
			t.passCompact(uint32(i-whole) + 1)
		default:
			l.place = 0
			return
		}
		l.place++
	}
}

// passPlace passes the connections that are tracked whole under one key. What is known
// since the pass before saves a look at them, which are far apart.
func (t *Table) passPlace(i int) {
	l, waits := &t.look, &t.index.waits[i]
	if *waits != unknown && !l.anyDue(*waits) {
		return
	}
	c := t.index.conns[i]
	if c.legs == nil {
		*waits = t.passWhole(c)
		return
	}
	for _, k := range c.legs.conns {
		t.passWhole(k)
	}
}

// passWhole has a connection judged that is tracked whole, if it is due, and returns since
// when somebody waits on it; nothing if that does not matter as it is left aside.
func (t *Table) passWhole(c *conn) flow.Waits {
	l := &t.look
	if c.aside {
		return flow.Waits{}
	}
	waits := c.Waits()
	switch {
	case l.anyDue(waits):
		if l.left == 0 {
			return unknown
		}
		l.left--
	case c.Over() || !l.news(c): // what is over is told by its record soon
		return waits
	case l.leftNews == 0: // these must not keep those waiting that hang
		return unknown
	default:
		l.leftNews--
	}
	c.aside = l.leave(t.judge(c, 0), watched{key: c.key, hash: c.hash, id: c.ID, noted: c.Segments})
	return waits
}

// passCompact does so for a compact connection.
func (t *Table) passCompact(i uint32) {
	y, l := &t.compact, &t.look
	n := y.conns.at(i)
	if n.held == 0 || n.passing() != ordinary || y.queue(n) == &y.over {
		return
	}
	since := y.waitingSince(n)
	if since == 0 {
		n.pass(quiet)
		return
	}
	if !l.due(since) {
		return
	}
	if n.clean == 0 && y.answered(n) {
		n.pass(quiet)
		return
	}
	if !n.is(isOpen) {
		if l.halfOpen == 0 { // a flood of them must not hide the others
			return
		}
		l.halfOpen--
	}
	l.left--
	if l.leave(t.judge(nil, i), watched{key: Key{n.client, n.server, n.encap}, hash: t.index.hashOf(n), id: n.id, noted: uint32(n.held)}) {
		n.pass(aside)
	}
}

// due reports whether a connection on which somebody has waited since then is to be judged
// in this pass.
func (l *looker) due(since fsm.Time) bool {
	return since != 0 && lookSteps(l.upTo-since) != lookSteps(l.from-since)
}

// anyDue reports whether the first or the last of several waits is.
func (l *looker) anyDue(w flow.Waits) bool { return l.due(w.First) || l.due(w.Last) }

// news reports whether anything was noted of the connection, since it was judged, that
// makes it worth while: the first of its kind, or on twice as many segments.
func (l *looker) news(c *conn) bool {
	return (c.Meanings.Any(l.Meaning) || c.AllFacts.Any(l.Facts)) &&
		(c.Meanings != c.lookedMeanings || c.AllFacts != c.lookedFacts || c.Segments >= 2*c.lookedSegments)
}

// judge has a connection judged as it is: a whole one, or the compact one at a place.
func (t *Table) judge(c *conn, compact uint32) Looked {
	l := &t.look
	f := &l.replayed
	if c != nil {
		c.lookedMeanings, c.lookedFacts, c.lookedSegments = c.Meanings, c.AllFacts, c.Segments
		f = &c.Flow
	} else {
		t.replay(compact, f)
	}
	l.current.LookAt(f, t.asOf(f.First.Frame, f.Latest.Time))
	return l.Judge(&l.current)
}

// leave does what is to be done with a connection that was judged, and reports whether
// passes are to leave it aside.
func (l *looker) leave(how Looked, w watched) bool {
	if how == LookAgain && len(l.watched) < MaxWatched {
		l.watched = append(l.watched, w)
	}
	return how != LookLater
}

// replay makes f the Flow of a compact connection.
func (t *Table) replay(i uint32, f *flow.Flow) {
	y := &t.compact
	n := y.conns.at(i)
	r := y.play(n)
	for nth := 0; r.step(); nth++ {
		if nth == 0 {
			f.Begin(&r.p, t.opt.MSL)
			f.ID, f.Incarnation, f.Previous = n.id, y.incarnation(n), y.previousOf(n)
		}
		f.Add(&r.p)
	}
	y.done(r)
	if n.is(hasRejects) {
		t.eachBeside(i, n, f.AddICMP)
	}
}

// waitingSince does for a compact connection what flow.Flow.Waits does, nearly: of an embryonic
// one answered tells the rest.
func (y *compactStore) waitingSince(n *compactConn) (since fsm.Time) {
	if n.clean == 0 {
		return n.latest
	}
	c := y.clean.at(n.clean)
	asked, told := c.halves[fsm.Client].lastData, c.halves[fsm.Server].lastData
	switch {
	case asked > told:
		return asked
	case c.stage == cutOff:
	case c.stage == closing || c.stage == closed || !c.quiet():
		return c.time
	}
	return 0
}

// answered reports whether nobody waits on an embryonic connection: the server spoke last,
// and all was acknowledged.
func (y *compactStore) answered(n *compactConn) bool {
	var data [2]fsm.Time
	var acks [2]fsm.Seq
	for b := y.read(n); b.read(); {
		from := b.from()
		if b.length > 0 {
			data[from] = b.time
		}
		acks[from] = b.ack
	}
	return n.is(isOpen) && data[fsm.Client] <= data[fsm.Server] && acks[fsm.Client] == n.expected[fsm.Server] && acks[fsm.Server] == n.expected[fsm.Client]
}
