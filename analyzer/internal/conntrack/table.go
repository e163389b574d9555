// Package conntrack finds the connection of each segment: it keeps a table from
// addresses, ports and encapsulation to the connection that uses them now, decides
// when they begin a new one (a SYN whose number is another, RFC 9293 §3.6.1), and
// when a connection has ended and is reported.
//
// A connection is kept as small as what it does allows. One that has just begun is
// embryonic: a few packed segments. One that then does what nearly all do (clean)
// stays on the fast path, as packed segments and a few numbers, until its end. Only
// what does anything else is tracked whole, with a flow.Flow; its segments so far
// are given to that, so that nothing is lost. After its end a connection leaves a
// tombstone for 2 MSL, so that stragglers are not taken for a new one.
//
// Below it stand flow (what one connection shows), decode and fsm; it knows
// nothing of checks and records.
package conntrack

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Options configure a Table.
type Options struct {
	MSL            fsm.Time // maximum segment lifetime; 0 means fsm.DefaultMSL
	Linger         fsm.Time // how long after its end a connection is reported; 0 means 2 MSL
	LingerPackets  uint64   // the same in packets of the whole capture, whichever comes first; 0 means DefaultLingerPackets
	MaxConnections int      // open connections kept at once; 0 means DefaultMaxConnections
	Memory         int      // bytes allocated for connections at most, or little more; 0 means no limit
	ShortestWait   fsm.Time // a connection in which somebody waits longer is never clean; 0 means DefaultShortestWait
	MaxKept        int      // segments kept over all connections; 0 means no limit
	// Keep says whether to keep the segments of the connection with this ID that begins
	// with this packet; nil keeps none. A connection whose segments are kept is tracked
	// whole from its first one on.
	Keep func(id uint64, first *decode.Packet) bool

	Series int // bytes that the series of all connections may take while these are in the table; 0 keeps none

	Streams bool // follow how Wireshark numbers the connections

	Judge func(fsm.Frame) bool     // whether to keep how a kept segment was judged; nil keeps none
	Ended func(*flow.Flow)         // called once for each connection when it is complete; the Flow is valid during the call
	Look  LookOptions              // how to look at open connections; without Judge none is
	Clean func(*CleanSummary) bool // if set, called first for a clean connection; the summary is valid during the call; Ended is not called if it returns true
}

// DefaultMaxConnections bounds the connections that are tracked at once: a
// million, and room for the tables that share them not to be equally full.
const DefaultMaxConnections = 1 << 20

// DefaultLingerPackets bounds, whatever the time, how long an ended connection
// waits for stragglers before it is reported: what waits is kept in memory.
const DefaultLingerPackets = 1 << 16

// Table tracks the connections of one capture. It is not safe for concurrent
// use and starts no goroutine.
type Table struct {
	opt    Options
	twoMSL fsm.Time
	index  index

	// A switch may tag one direction otherwise than the other: connections of two keys
	// by the second.
	aliases map[Key]*conn

	compact compactStore // connections that are not tracked whole

	now   fsm.Time // the latest packet time so far: time never runs backwards here
	holes []Hole   // of the capture
	ids   uint64

	halfOpen   queue // opening: oldest first, evicted first
	open       queue
	over       queue // ended, waiting for stragglers
	free       *conn
	tombstones tombstones // of what was reported
	gone       tombstones // of what was evicted
	evictions  Evictions
	memory     memory
	packets    uint64 // of the whole capture, at the latest Tick

	ordinal uint64 // of the packet under way
	parent  uint64 // the birth of the connection whose pending SYN is settled, between packets
	births  []Birth
	streams streams

	summary    CleanSummary // the latest that was reported
	summarized uint32       // whose that is: its place

	expected uint32 // so that the compiler does not leave out what Expect does

	look looker

	promoted promotedOver

	waited []remaining // at a tick: what is to be reported, with a SYN that waits for its answer

	rest rest // at the end

	kept int // segments kept by the connections in the table and those reported

	seriesRoom int // bytes of Options.Series that are left
}

// NewTable returns an empty table.
func NewTable(opt Options) *Table {
	if opt.MSL <= 0 {
		opt.MSL = fsm.DefaultMSL
	}
	twoMSL := fsm.TwoMSL(opt.MSL)
	if opt.Linger <= 0 || opt.Linger > twoMSL {
		opt.Linger = twoMSL
	}
	if opt.LingerPackets == 0 {
		opt.LingerPackets = DefaultLingerPackets
	}
	if opt.ShortestWait <= 0 {
		opt.ShortestWait = DefaultShortestWait
	}
	if opt.MaxConnections <= 0 {
		opt.MaxConnections = DefaultMaxConnections
	}
	t := &Table{
		opt:     opt,
		twoMSL:  twoMSL,
		aliases: make(map[Key]*conn),

		seriesRoom: opt.Series,
	}
	t.memory.limit = opt.Memory
	t.look.LookOptions = opt.Look
	t.tombstones.most, t.gone.most = maxTombstones, maxGone
	if opt.Memory > 0 { // some 64 bytes each
		t.tombstones.most = max(1, min(maxTombstones, opt.Memory/512))
		t.gone.most = max(1, min(maxGone, opt.Memory/1024))
	}
	t.index = index{seed: newHashSeed(), compact: &t.compact.conns}
	return t
}

// Open returns how many connections are tracked now.
func (t *Table) Open() int { return t.index.at.n }

// Add gives one segment to its connection.
func (t *Table) Add(p *decode.Packet) {
	t.ordinal = p.Ordinal
	compact := t.memory.limit == 0 || t.roomFor()
	hash := t.index.seed.hash(&p.Src, &p.Dst, p.Encap)
	c, i := t.index.find(hash, &p.Src, &p.Dst, p.Encap)
	switch {
	case i != 0:
		if compact && t.holdCompact(i, p) {
			return
		}
		if compact && (t.answerParked(i, p) || t.followRefused(i, p)) {
			return
		}
		c = t.promote(i)
	case c == nil:
		c = t.otherWay(p)
	}
	if c == nil {
		t.addFirst(p, hash, compact)
		return
	}
	if c.legs != nil || p.Path != c.path[c.SideOf(p)] {
		c = t.chooseLeg(c, p)
	}
	if c.pending != nil || p.Segment.Flags&fsm.SYN != 0 {
		if compact && t.answerPending(c, p) {
			return
		}
		its := t.chooseIncarnation(c, p)
		if its == nil { // held until it is known where it belongs
			if i != 0 {
				t.keepTurn(c)
			}
			return
		}
		c = its
	}
	if p.Segment.Flags&fsm.RST != 0 {
		p.Place = c.placeOf(p)
	}
	t.step(c, p)
}

// Expect tells that Add will be called with a packet soon. Where there are very many
// connections most of what one costs is to wait for memory; to wait for that of several
// packets at once takes as long as for that of one.
func (t *Table) Expect(p *decode.Packet) {
	hash := t.index.seed.hash(&p.Src, &p.Dst, p.Encap)
	t.expected ^= t.index.at.peek(hash) ^ t.gone.at.peek(hash) ^ t.tombstones.at.peek(hash)
	if p.Encap != 0 {
		t.expected ^= t.index.tagged.peek(t.index.seed.hash(&p.Src, &p.Dst, 0))
	}
}

// Large reports whether it is worth while to call Expect.
func (t *Table) Large() bool {
	return len(t.index.at.slots) >= largeTable || len(t.tombstones.at.slots) >= largeTable
}

// largeTable is how many slots do not stay in the processor's cache by themselves, with
// those of the other tables.
const largeTable = 1 << 14

// holdCompact gives a compact connection its next segment, if it can stay so.
func (t *Table) holdCompact(i uint32, p *decode.Packet) bool {
	if !t.compact.hold(i, p, t.packets, t.roomToBeFast()) {
		return false
	}
	if t.compact.justParked {
		t.compact.justParked = false
		t.noteStream(p, true, false)
	}
	return true
}

// addFirst takes a segment of a key that has no connection: most begin one, compact if
// there is room for that.
func (t *Table) addFirst(p *decode.Packet, hash uint64, compact bool) {
	if p.Copy == decode.CapturedTwice || p.Copy == decode.PerhapsTwice {
		return // the frame itself was of a connection evicted since
	}
	if t.wasEvicted(hash, p) {
		return
	}
	var earlier *previous
	if x, place := t.tombstones.find(hash); x != nil {
		// One whose time is over may be there still, behind others: it counts for nothing.
		remembered := max(t.now, p.Time) < x.until
		if remembered && !opensAnew(&p.Segment) {
			return // a straggler
		}
		if before := t.tombstones.reopen(place); remembered {
			earlier = &before
		}
	}
	if compact && beginsCompact(p) && !t.keeps(t.ids+1, p) && (earlier == nil || t.nextFits()) {
		t.beginCompact(hash, p, earlier)
		return
	}
	t.step(t.begin(keyOf(p), hash, p, earlier, nil), p)
}

func (t *Table) keeps(id uint64, first *decode.Packet) bool {
	return t.opt.Keep != nil && t.opt.Keep(id, first)
}

func opensAnew(s *fsm.Segment) bool { return s.Flags&(fsm.SYN|fsm.RST) == fsm.SYN }

// Birth says when a connection was found to begin: it orders the connections of
// several tables.
type Birth struct {
	Ordinal uint64 // of the packet that showed it; settled if none did
	After   uint64 // then, the same of the connection before it

	Stream StreamStart // with Options.Streams
	Held   fsm.Frame   // with StreamHeld
}

// settled is the Ordinal of a connection that began with a SYN which nothing had
// answered by the time when the one before it was reported.
const settled = math.MaxUint64

// Births moves the births since the last call to the end of list, one for each
// connection, in order of ID.
func (t *Table) Births(list []Birth) []Birth {
	list = append(list, t.births...)
	t.births = t.births[:0]
	return list
}

// Tick moves the table's time forward: now is the latest packet's time and
// packets its Ordinal, in the whole capture. Connections are reported here
// only, so that the same ticks give the same reports however the connections are
// spread over tables.
func (t *Table) Tick(now fsm.Time, packets uint64) {
	t.now, t.packets = max(t.now, now), packets
	for c := t.nextPromoted(); c != nil; c = t.nextPromoted() {
		t.endOver(c)
	}
	for c := t.over.head; c != nil && t.hasWaited(c.deadline, c.overAt); {
		next := c.next
		t.endOver(c)
		c = next
	}
	for i := t.compact.over.head; i != 0 && t.lingered(i); {
		n := t.compact.conns.at(i)
		next := n.next
		if t.compact.hasParked(n) {
			t.waited = append(t.waited, remaining{id: n.id, compact: i})
		} else {
			t.endCompact(i)
		}
		i = next
	}
	t.settleWaited()
	t.tombstones.expire(t.now)
	t.shrink()
}

// hasWaited reports whether a connection that is over has waited long enough for stragglers.
func (t *Table) hasWaited(deadline fsm.Time, overAt uint64) bool {
	return deadline <= t.now || overAt+t.opt.LingerPackets <= t.packets
}

// endOver ends a connection that is over, at once or when the SYN that waits is decided about.
func (t *Table) endOver(c *conn) {
	if c.pending == nil {
		t.end(c)
		return
	}
	t.waited = append(t.waited, remaining{id: c.ID, conn: c})
}

// step gives the segment to the connection and keeps that in the right queue.
func (t *Table) step(c *conn, p *decode.Packet) {
	if c.KeepsTimeline() {
		if t.opt.MaxKept > 0 && t.kept >= t.opt.MaxKept {
			c.CutTimeline()
		} else {
			t.kept++
		}
	}
	c.Add(p)
	if t.look.Judge != nil && c.place != 0 {
		t.index.waits[c.place&^connPlace] = unknown
	}
	if c.Segments%countEvery == 0 {
		t.countWhole(c)
	}
	switch {
	case c.Over():
		c.deadline, c.overAt = p.Time+t.opt.Linger, t.packets
		c.moveTo(&t.over)
	case c.queue == &t.over:
		c.moveTo(&t.open)
	case c.queue == &t.halfOpen && c.Conn.End[0].State.Synchronized() && c.Conn.End[1].State.Synchronized():
		c.moveTo(&t.open)
	}
}

// Malformed notes a segment of which only the ports could be read on the
// connection that it claims to belong to, if there is one.
func (t *Table) Malformed(p *decode.Packet) {
	c, i := t.index.find(t.index.seed.hash(&p.Src, &p.Dst, p.Encap), &p.Src, &p.Dst, p.Encap)
	switch {
	case i != 0:
		c = t.promote(i)
		t.keepTurn(c)
	case c == nil:
		c = t.aliases[keyOf(p)]
	}
	if c != nil {
		c.AddMalformed(p)
	}
}
