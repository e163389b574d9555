package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// RoundTrips follows the round trips of the clean connection that Options.Clean is being
// called with. It reports whether they are those that a Flow would have.
func (t *Table) RoundTrips(o *flow.Orderly) bool {
	y := &t.compact
	n := y.conns.at(t.summarized)
	o.Reset()
	if t.summary.Key.kind == Idle || !n.is(hasBegun) {
		return false
	}
	for r := y.read(n); r.read(); {
		s := fsm.Segment{Flags: r.flags(), Seq: r.seq, Ack: r.ack, Len: r.length}
		if r.rare != 0 || !o.Add(r.from(), &s, r.time) {
			return false
		}
	}
	return true
}
