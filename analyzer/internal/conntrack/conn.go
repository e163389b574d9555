package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// conn is a connection that is tracked whole: its Flow, and what finds it and decides
// when it ends.
type conn struct {
	flow.Flow
	entry
}

// entry is what the table itself knows of a connection that is tracked whole.
type entry struct {
	key        Key
	alias      Key  // of the other direction, where that was tagged differently
	otherEncap bool // it was
	birth      Birth
	pending    *pendingSYN
	legs       *legs          // connections of the same key that were captured elsewhere
	path       [2]uint16      // by side: decode.Packet.Path of its first segment; 0 while there is none
	synTwice   *decode.Packet // its SYN, where that was captured at another place too
	began      began

	hash  uint64 // of the key, in the table's index
	place uint32 // there; 0 for none

	queue      *queue // that the connection waits in
	prev, next *conn
	deadline   fsm.Time // when it is reported if nothing more comes
	looked     fsm.Time // its latest segment's time when it was last to go
	counted    int      // bytes of it in Table.memory
	overAt     uint64   // packets of the capture when it ended

	// Of the looks at it while it was open.
	aside          bool   // passes leave it aside
	lookedSegments uint32 // when it was judged
	lookedMeanings fsm.Meaning
	lookedFacts    flow.SegmentFacts
}

// begin starts a connection with its first segment, after an earlier one of the same
// key or not, beside others or not.
func (t *Table) begin(key Key, hash uint64, p *decode.Packet, earlier *previous, of *legs) *conn {
	birth := t.born(p)
	c := t.start(key, hash, p, of)
	c.ID, c.birth = t.ids, birth
	if t.keeps(c.ID, p) {
		c.KeepTimeline(t.opt.Judge)
	}
	if earlier != nil {
		c.Incarnation, c.Previous = earlier.incarnation+1, earlier.of
	}
	return c
}

// born makes room for one more connection and numbers it.
func (t *Table) born(p *decode.Packet) Birth {
	if t.Open() >= t.opt.MaxConnections && !t.rest.listed {
		t.evict(fromAll, forNumber)
	}
	t.ids++
	b := Birth{Ordinal: t.ordinal, After: t.parent, Stream: StreamNone}
	if t.opt.Streams {
		b.Stream, b.Held = t.streams.start(p)
	}
	t.births = append(t.births, b)
	if b.Ordinal == settled {
		b.Ordinal = t.packets // it is older than what begins from now on
	}
	return b
}

// start makes a connection whose Flow has had no segment yet; p is its first. It is one
// of the legs, or the index finds it.
func (t *Table) start(key Key, hash uint64, p *decode.Packet, of *legs) *conn {
	c := t.room()
	c.looked = p.Time
	c.Begin(p, t.opt.MSL)
	if t.opt.Series > 0 {
		c.KeepSeries(&t.seriesRoom)
	}
	c.key = key
	c.path[c.FirstFrom], c.began = p.Path, beganWith(p)
	if of == nil {
		t.index.put(c, hash)
	} else {
		c.hash, c.legs = hash, of
		of.conns = append(of.conns, c)
	}
	t.halfOpen.push(c)
	return c
}

// forget drops a reported connection and keeps its memory for the next one.
func (t *Table) forget(c *conn) {
	t.unindex(c)
	t.recycle(c)
}

// unindex makes the connection unfindable by its keys.
func (t *Table) unindex(c *conn) {
	if c.legs != nil {
		t.leave(c)
	}
	t.index.remove(c)
	if c.otherEncap && t.aliases[c.alias] == c {
		delete(t.aliases, c.alias)
	}
}
