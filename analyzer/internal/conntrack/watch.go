package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// watched is a connection that was found to have trouble: it is judged again as soon as it
// had a segment, so that the trouble's end is told when it is over. It is found by its key
// each time, as it may become another kind of connection meanwhile, or end.
type watched struct {
	key   Key
	hash  uint64
	id    uint64
	noted uint32 // segments that it had when it was judged
}

// MaxWatched bounds the connections of a table that are watched.
const MaxWatched = 1024

// which of the connections that are watched are judged.
type which uint8

const (
	moved which = iota // those that had a segment
	due                // and those that have waited for another second or so
	all
)

// mostMoved bounds how many are judged at once unless all are; the others' turn comes then.
const mostMoved = 64

// LookAtWatched has the connections judged that are watched and had a segment. It is
// called more often than Look.
func (t *Table) LookAtWatched(now fsm.Time) {
	t.now = max(t.now, now)
	t.lookAtWatched(moved)
}

// LookAtAllWatched has all of them judged.
func (t *Table) LookAtAllWatched(now fsm.Time) {
	t.now = max(t.now, now)
	t.lookAtWatched(all)
}

func (t *Table) lookAtWatched(these which) {
	l := &t.look
	left, keep := mostMoved, l.watched[:0]
	for _, w := range l.watched {
		c, i := t.watchedNow(&w)
		if c == nil && i == 0 {
			continue // it has ended
		}
		noted := t.segmentsOf(c, i)
		if noted == w.noted && (these == moved || these == due && !t.waitedOn(c, i)) || left == 0 && these != all {
			keep = append(keep, w)
			continue
		}
		left--
		w.noted = noted
		how := t.judge(c, i)
		if how == LookAgain {
			keep = append(keep, w)
		}
		t.setAside(c, i, how != LookLater)
	}
	l.watched = keep
}

// watchedNow returns the connection that is watched: a whole one, or the place of a compact
// one. There is neither if it has ended.
func (t *Table) watchedNow(w *watched) (c *conn, compact uint32) {
	c, i := t.index.find(w.hash, &w.key.A, &w.key.B, w.key.Encap)
	switch {
	case i != 0 && t.compact.conns.at(i).id == w.id:
		return nil, i
	case c == nil:
		return nil, 0
	case c.ID == w.id:
		return c, 0
	case c.legs != nil:
		for _, k := range c.legs.conns {
			if k.ID == w.id {
				return k, 0
			}
		}
	}
	return nil, 0
}

// segmentsOf returns how many segments the connection has had.
func (t *Table) segmentsOf(c *conn, compact uint32) uint32 {
	if c != nil {
		return c.Segments
	}
	return uint32(t.compact.conns.at(compact).held)
}

// setAside has passes leave the connection aside, or not any more.
func (t *Table) setAside(c *conn, compact uint32, yes bool) {
	switch {
	case c == nil && yes:
		t.compact.conns.at(compact).pass(aside)
	case c == nil:
		t.compact.conns.at(compact).pass(ordinary)
	default:
		if c.aside = yes; !yes && c.place != 0 {
			t.index.waits[c.place&^connPlace] = unknown
		}
	}
}

// waitedOn reports whether somebody has waited on the connection for another second or so
// since the latest look.
func (t *Table) waitedOn(c *conn, compact uint32) bool {
	var w flow.Waits
	if c != nil {
		w = c.Waits()
	} else {
		w.First = t.compact.waitingSince(t.compact.conns.at(compact))
	}
	longer := func(since fsm.Time) bool {
		return since != 0 && lookSteps(t.now-since) != lookSteps(t.look.before-since)
	}
	return longer(w.First) || longer(w.Last)
}
