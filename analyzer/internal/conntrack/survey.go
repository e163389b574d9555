package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Survey gives see the connections that were not reported yet as they would be if they were
// reported now, at most so many: first those that are watched, then the others in no order. Nothing that it does
// changes what is reported of them in the end. The Flow is valid during the call.
func (t *Table) Survey(now fsm.Time, most int, see func(*flow.Flow)) {
	t.now = max(t.now, now)
	seen := make(map[uint64]bool, len(t.look.watched))
	for i := range t.look.watched {
		if c, compact := t.watchedNow(&t.look.watched[i]); (c != nil || compact != 0) && most > 0 {
			seen[t.look.watched[i].id] = true
			t.survey(c, compact, see)
			most--
		}
	}
	for _, c := range t.index.conns {
		if most == 0 {
			return
		}
		if c == nil {
			continue
		}
		several := []*conn{c}
		if c.legs != nil {
			several = c.legs.conns
		}
		for _, k := range several {
			if most > 0 && !seen[k.ID] {
				t.survey(k, 0, see)
				most--
			}
		}
	}
	y := &t.compact
	for i := uint32(1); i <= y.conns.used && most > 0; i++ {
		if n := y.conns.at(i); n.held != 0 && !seen[n.id] {
			t.survey(nil, i, see)
			most--
		}
	}
}

// survey gives see one of them: a whole one, or the compact one at a place.
func (t *Table) survey(c *conn, compact uint32, see func(*flow.Flow)) {
	f := &t.look.replayed
	if c != nil {
		f = &c.Flow
	} else {
		t.replay(compact, f)
	}
	t.look.current.LookAt(f, t.asOf(f.First.Frame, f.Latest.Time))
	see(&t.look.current)
}
