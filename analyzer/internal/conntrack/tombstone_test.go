package conntrack

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestTombstoneBehindAnother adds a tombstone behind one that is remembered for longer,
// and so is not cleared away when its own time is over. What its key opens then is a
// first connection all the same: it must not depend on others.
func TestTombstoneBehindAnother(t *testing.T) {
	for _, tt := range []struct {
		at   fsm.Time
		want int
	}{{9 * fsm.Second, 2}, {10 * fsm.Second, 1}, {20 * fsm.Second, 1}} {
		var got int
		table := NewTable(Options{Ended: func(f *flow.Flow) { got = f.Incarnation }})
		p := decode.Packet{
			Src: decode.Endpoint{Port: 1}, Dst: decode.Endpoint{Port: 2}, Time: tt.at, Frame: fsm.NewFrame(0, 1), Ordinal: 1,
			Segment: fsm.Segment{Seq: 10, Flags: fsm.SYN, Window: 100},
		}
		hash := table.index.seed.hash(&p.Src, &p.Dst, 0)
		table.tombstones.add(tombstone{hash: hash + 1, until: 1000 * fsm.Second, incarnation: 1}, false)
		table.tombstones.add(tombstone{hash: hash, until: 10 * fsm.Second, incarnation: 1}, false)
		table.Tick(tt.at, 1)
		table.Add(&p)
		table.Finish(tt.at, 1)
		if got != tt.want {
			t.Errorf("opened at %d s: incarnation %d, want %d", tt.at/fsm.Second, got, tt.want)
		}
	}
}
