package flow

import (
	"cmp"
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Options configure a Table.
type Options struct {
	MSL            fsm.Time                 // maximum segment lifetime; 0 means fsm.DefaultMSL
	Linger         fsm.Time                 // how long after its end a connection is reported; 0 means 2 MSL
	LingerPackets  uint64                   // the same in packets of the whole capture, whichever comes first; 0 means DefaultLingerPackets
	MaxConnections int                      // open connections kept at once; 0 means DefaultMaxConnections
	Keep           func(id uint64) bool     // whether to keep the connection's segments; nil keeps none
	MaxKept        int                      // segments kept over all connections; 0 means no limit
	Ended          func(*Flow)              // called once for each connection when it is complete; the Flow is valid during the call
	Clean          func(*CleanSummary) bool // if set, called first for a plain connection, which is valid during the call; Ended is not called if it returns true
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
	opt   Options
	index index

	// A switch may tag one direction otherwise than the other: flows of two keys by
	// the second.
	aliases map[Key]*Flow

	embryonic embryonicStore // connections that have just begun and have no Flow yet

	now fsm.Time // the latest packet time so far: time never runs backwards here
	ids uint64

	halfOpen   queue // opening: oldest first, evicted first
	open       queue
	over       queue // ended, waiting for stragglers
	free       *Flow
	tombstones tombstones // reported, remembered for 2 MSL so that stragglers find them
	packets    uint64     // of the whole capture, at the latest Tick

	ordinal uint64 // of the packet under way
	parent  uint64 // at the end: the birth of the connection whose candidate is decided
	births  []Birth

	summary CleanSummary // the latest that was reported

	rest []remaining // at the end: what is still to be reported, by ID

	kept int // segments kept by the connections in the table and those reported

	Evicted uint64
	Late    uint64 // segments that came after their connection was reported
}

// NewTable returns an empty table.
func NewTable(opt Options) *Table {
	if opt.MSL <= 0 {
		opt.MSL = fsm.DefaultMSL
	}
	if opt.Linger <= 0 || opt.Linger > 2*opt.MSL {
		opt.Linger = 2 * opt.MSL
	}
	if opt.LingerPackets == 0 {
		opt.LingerPackets = DefaultLingerPackets
	}
	if opt.MaxConnections <= 0 {
		opt.MaxConnections = DefaultMaxConnections
	}
	t := &Table{
		opt:     opt,
		aliases: make(map[Key]*Flow),
	}
	t.index = index{seed: newHashSeed(), embryonic: &t.embryonic.conns}
	return t
}

// Open returns how many connections are tracked now.
func (t *Table) Open() int { return t.index.at.n }

// Add gives one segment to its connection.
func (t *Table) Add(p *decode.Packet) {
	t.ordinal = p.Ordinal
	hash := t.index.seed.hash(&p.Src, &p.Dst, p.Encap)
	f, i := t.index.find(hash, &p.Src, &p.Dst, p.Encap)
	switch {
	case i != 0:
		if t.embryonic.hold(i, p, t.packets) {
			return
		}
		f = t.promote(i)
	case f == nil:
		f = t.otherWay(p)
	}
	if f == nil {
		if p.Copy == decode.CapturedTwice || p.Copy == decode.PerhapsTwice {
			t.Late++ // the frame itself was of a connection evicted since
			return
		}
		var earlier *previous
		if g, place := t.tombstones.find(hash); g != nil {
			// One whose time is over may be there still, behind others: it counts for nothing.
			remembered := max(t.now, p.Time) < g.until
			if remembered && !opensAnew(&p.Segment) {
				t.Late++
				return
			}
			if b := t.tombstones.reopen(place); remembered {
				earlier = &b
			}
		}
		if earlier == nil && t.opt.Keep == nil && opens(p) {
			t.born()
			t.index.putEmbryonic(t.embryonic.add(hash, t.ids, p))
			return
		}
		f = t.begin(keyOf(p), hash, p, earlier)
	} else if f.pending != nil || p.Segment.Flags&fsm.SYN != 0 {
		f = t.chooseIncarnation(f, p)
		if f == nil {
			return // held until it is known where it belongs
		}
	}
	t.step(f, p)
}

func opensAnew(s *fsm.Segment) bool { return s.Flags&(fsm.SYN|fsm.RST) == fsm.SYN }

// Birth says when a connection was found to begin: it orders the connections of
// several tables.
type Birth struct {
	Ordinal uint64 // of the packet that showed it; the greatest at the capture's end
	After   uint64 // then, the same of the connection before it
}

// Births moves the births since the last call to the end of list, one for each
// connection, in order of ID.
func (t *Table) Births(list []Birth) []Birth {
	list = append(list, t.births...)
	t.births = t.births[:0]
	return list
}

// Tick moves the table's time forward: now is the latest packet's time and
// packets how many the whole capture had so far. Connections are reported here
// only, so that the same ticks give the same reports however the connections are
// spread over tables.
func (t *Table) Tick(now fsm.Time, packets uint64) {
	t.now, t.packets = max(t.now, now), packets
	for f := t.over.head; f != nil && (f.deadline <= t.now || f.overAt+t.opt.LingerPackets <= t.packets); f = t.over.head {
		t.end(f)
	}
	for i := t.embryonic.over.head; i != 0 && t.lingered(i); i = t.embryonic.over.head {
		t.endEmbryonic(i)
	}
	t.tombstones.expire(t.now)
}

// step gives the segment to the flow and keeps the flow in the right queue.
func (t *Table) step(f *Flow, p *decode.Packet) {
	if f.keep && t.opt.MaxKept > 0 && t.kept >= t.opt.MaxKept {
		f.keep = false
		f.TimelineCut++
	} else if f.keep {
		t.kept++
	} else if f.TimelineCut > 0 {
		f.TimelineCut++
	}
	f.add(p)
	switch {
	case f.Over():
		f.deadline, f.overAt = p.Time+t.opt.Linger, t.packets
		f.moveTo(&t.over)
	case f.queue == &t.over:
		f.moveTo(&t.open)
	case f.queue == &t.halfOpen && f.Conn.End[0].State.Synchronized() && f.Conn.End[1].State.Synchronized():
		f.moveTo(&t.open)
	}
}

// Malformed notes a segment of which only the ports could be read on the
// connection that it claims to belong to, if there is one.
func (t *Table) Malformed(p *decode.Packet) {
	f, i := t.index.find(t.index.seed.hash(&p.Src, &p.Dst, p.Encap), &p.Src, &p.Dst, p.Encap)
	switch {
	case i != 0:
		f = t.promote(i)
	case f == nil:
		f = t.aliases[keyOf(p)]
	}
	if f == nil {
		return
	}
	f.AllFacts.add(HeaderBroken)
	f.noteSegment(NotableSegment{Frame: p.Frame, Time: p.Time, From: f.SideOf(p), TTL: p.TTL, IPID: p.IPID, Facts: Facts(HeaderBroken)})
}

// begin starts a connection with its first segment, after another one of the
// same key or not.
func (t *Table) begin(key Key, hash uint64, p *decode.Packet, earlier *previous) *Flow {
	birth := t.born()
	f := t.start(key, hash, p)
	f.ID, f.Birth = t.ids, birth
	f.keep = t.opt.Keep != nil && t.opt.Keep(f.ID)
	if earlier != nil {
		f.Incarnation, f.Previous = earlier.incarnation+1, earlier.of
	}
	return f
}

// born makes room for one more connection and numbers it.
func (t *Table) born() Birth {
	if t.Open() >= t.opt.MaxConnections {
		t.evict()
	}
	t.ids++
	b := Birth{Ordinal: t.ordinal, After: t.parent}
	t.births = append(t.births, b)
	return b
}

// start makes a connection's Flow, which has had no segment yet; p is its first.
func (t *Table) start(key Key, hash uint64, p *decode.Packet) *Flow {
	f := t.newFlow()
	f.Key, f.Incarnation = key, 1
	f.Conn.Reset(t.opt.MSL)
	senderIsClient, o := orient(p)
	f.Orientation = o
	if senderIsClient {
		f.Ends = [2]decode.Endpoint{p.Src, p.Dst}
	} else {
		f.Ends = [2]decode.Endpoint{p.Dst, p.Src}
	}
	from := f.SideOf(p)
	f.First = fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: 1}
	f.FirstFlags = p.Segment.Flags
	f.Dir[from].lastReal = p.Time
	t.index.put(f, hash)
	t.halfOpen.push(f)
	return f
}

// newFlow returns an empty flow, a forgotten one with its room where there is one.
func (t *Table) newFlow() *Flow {
	f := t.free
	if f == nil {
		f = &Flow{}
		f.Conn.Transitions = make([]fsm.Transition, 0, 12)
		return f
	}
	t.free = f.next
	kept, transitions := f.Timeline[:0], f.Conn.Transitions[:0]
	queues := [2]sendQueue{f.Dir[0].sender.queue, f.Dir[1].sender.queue}
	contents := [2]*contents{f.Dir[0].contents, f.Dir[1].contents}
	histograms := [2]*histogram{f.Dir[0].sender.rtt.room(), f.Dir[1].sender.rtt.room()}
	*f = Flow{}
	f.Timeline, f.Conn.Transitions = kept, transitions
	for i := range f.Dir {
		d := &f.Dir[i]
		d.sender.queue = queues[i]
		d.sender.queue.clear()
		d.sender.rtt.spare = histograms[i]
		if d.contents = contents[i]; d.contents != nil {
			d.contents.forget()
		}
	}
	return f
}

// end reports a connection and buries it: for 2 MSL its stragglers must not look
// like a connection of their own.
func (t *Table) end(f *Flow) {
	t.rejectPending(f)
	t.report(f)
	timeWait := f.Conn.End[0].State == fsm.TimeWait || f.Conn.End[1].State == fsm.TimeWait
	if pre := t.tombstones.add(tombstone{hash: f.hash, until: f.Last.Time + 2*t.opt.MSL, incarnation: f.Incarnation}, timeWait); pre != nil {
		*pre = *f.AsPrevious()
	}
	t.forget(f)
}

func (t *Table) report(f *Flow) {
	f.unlink()
	f.finish(t.now)
	if t.opt.Ended != nil {
		t.opt.Ended(f)
	}
}

// forget drops a reported connection and keeps its memory for the next one.
func (t *Table) forget(f *Flow) {
	t.unindex(f)
	f.next = t.free
	t.free = f
}

// unindex makes the flow unfindable by its keys.
func (t *Table) unindex(f *Flow) {
	t.index.remove(f)
	if f.otherEncap && t.aliases[f.alias] == f {
		delete(t.aliases, f.alias)
	}
}

// evict makes room: the oldest half-open connection, else the one that ended
// first, else the oldest.
func (t *Table) evict() {
	if t.evictOlder(t.halfOpen.head, t.embryonic.halfOpen.head) || t.evictOlder(t.over.head, t.embryonic.over.head) ||
		t.evictOlder(t.open.head, t.embryonic.open.head) {
		t.Evicted++
	}
}

// evictOlder evicts the older of a flow and a nascent connection. Either may be
// none.
func (t *Table) evictOlder(f *Flow, nascent uint32) bool {
	switch {
	case nascent != 0 && (f == nil || t.embryonic.conns.at(nascent).id < f.ID):
		t.reportEmbryonic(nascent, true)
	case f != nil:
		f.Evicted = true
		t.rejectPending(f)
		t.report(f)
		t.forget(f)
	default:
		return false
	}
	return true
}

// lingered reports whether a connection that ended by the book has waited long
// enough for stragglers.
func (t *Table) lingered(i uint32) bool {
	n := t.embryonic.conns.at(i)
	return t.embryonic.clean.at(n.clean).time+t.opt.Linger <= t.now || n.overAt+t.opt.LingerPackets <= t.packets
}

// endNascent does what end does for a connection that ended by the book.
func (t *Table) endEmbryonic(i uint32) {
	n := t.embryonic.conns.at(i)
	c := t.embryonic.clean.at(n.clean)
	until := c.timeWaitEnd(t.opt.MSL)
	if pre := t.tombstones.add(tombstone{hash: n.hash, until: c.time + 2*t.opt.MSL, incarnation: 1}, t.now < until); pre != nil {
		c.asPrevious(n, t.embryonic.syn(n), until, pre)
	}
	t.reportEmbryonic(i, false)
}

// reportNascent reports a connection that has no Flow.
func (t *Table) reportEmbryonic(i uint32, evicted bool) {
	if t.opt.Clean != nil {
		if t.summarize(i, evicted) && t.opt.Clean(&t.summary) {
			t.removeEmbryonic(i)
			return
		}
	}
	f := t.promote(i)
	f.Evicted = evicted
	t.report(f)
	t.forget(f)
}

// remaining is a connection that is still tracked at the end.
type remaining struct {
	id, ordinal uint64
	conn        *Flow
	embryonic   uint32 // without a flow
}

// Finish reports the connections still tracked that were born with packet upTo of
// the capture or before, in order of ID; now is the capture's latest time. It is
// called with growing numbers, the greatest at last, so that not all records have
// to be there at once. Nothing may be added any more.
func (t *Table) Finish(now fsm.Time, upTo uint64) {
	if t.rest == nil {
		t.now = max(t.now, now)
		t.settleAllPending()
		t.rest = t.remaining()
	}
	n := 0
	for ; n < len(t.rest) && t.rest[n].ordinal <= upTo; n++ {
		if f := t.rest[n].conn; f != nil {
			t.report(f)
			t.forget(f)
		} else {
			t.reportEmbryonic(t.rest[n].embryonic, false)
		}
	}
	t.rest = t.rest[n:]
}

// settle decides, at the end, where candidates belong.
func (t *Table) settleAllPending() {
	var undecided []*Flow
	for _, l := range []*queue{&t.over, &t.open, &t.halfOpen} {
		for f := l.head; f != nil; f = f.next {
			if f.pending != nil {
				undecided = append(undecided, f)
			}
		}
	}
	slices.SortFunc(undecided, func(a, b *Flow) int { return cmp.Compare(a.ID, b.ID) })
	t.ordinal = math.MaxUint64
	for _, f := range undecided {
		t.parent = f.Birth.Ordinal
		t.settlePending(f)
	}
}

func (t *Table) remaining() []remaining {
	rest := make([]remaining, 0, t.Open())
	for _, l := range []*queue{&t.over, &t.open, &t.halfOpen} {
		for f := l.head; f != nil; f = f.next {
			rest = append(rest, remaining{id: f.ID, ordinal: f.Birth.Ordinal, conn: f})
		}
	}
	y := &t.embryonic
	for _, l := range []embryonicQueue{y.halfOpen, y.open, y.over} {
		for i := l.head; i != 0; i = y.conns.at(i).next {
			n := y.conns.at(i)
			rest = append(rest, remaining{id: n.id, ordinal: n.ordinal, embryonic: i})
		}
	}
	slices.SortFunc(rest, func(a, b remaining) int { return cmp.Compare(a.id, b.id) })
	return rest
}

// finish brings the connection's own records to the end of the capture.
func (f *Flow) finish(now fsm.Time) {
	f.Until = now
	if f.Conn.Expire(now) != 0 {
		f.Meanings |= fsm.StateChanged
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		if d.windows != nil {
			d.windows.endTiny()
		}
		if d.zero {
			d.zero, d.WindowShut = false, true
			d.ZeroWindowTime += max(0, f.Last.Time-d.zeroSince)
			if w := d.ensureWindowStats(); f.Last.Time-d.zeroSince > w.LongestZero {
				w.LongestZero, w.ZeroFrame = f.Last.Time-d.zeroSince, w.zeroFrame
			}
		}
		if d.blocked {
			d.blocked = false
			d.Blocked += max(0, f.Last.Time-d.blockedSince)
		}
	}
}

// asPredecessor keeps what the next connection of the key must be judged by.
func (f *Flow) AsPrevious() *PreviousIncarnation {
	pre := &PreviousIncarnation{First: f.First.Frame, Last: f.Last.Time, Ends: f.Ends}
	pre.Closed = f.Over() && f.Conn.End[0].SentFIN && f.Conn.End[1].SentFIN
	pre.Over = f.Over()
	pre.Unanswered = f.Conn.End[fsm.Client].State == fsm.SynSent && !f.Conn.End[fsm.Server].Seen
	for i := range f.Conn.End {
		e := &f.Conn.End[i]
		since, until := e.TimeWaitSpan()
		pre.Since[i], pre.Until[i] = since, until
		pre.TimeWait[i] = e.State == fsm.TimeWait
		pre.SndNxt[i] = e.Out.Top
		pre.ISN[i], pre.HasISN[i] = e.ISS, e.SentSYN
		pre.TSVal[i], pre.HasTS[i] = e.LatestTimestamp()
	}
	return pre
}
