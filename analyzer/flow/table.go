package flow

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Options configure a Table.
type Options struct {
	MSL            fsm.Time             // maximum segment lifetime; 0 means fsm.DefaultMSL
	Linger         fsm.Time             // how long after its end a connection is reported; 0 means 2 MSL
	MaxConnections int                  // open connections kept at once; 0 means DefaultMaxConnections
	Keep           func(id uint64) bool // whether to keep the connection's segments; nil keeps none
	MaxKept        int                  // segments kept over all connections; 0 means no limit
	Ended          func(*Flow)          // called once for each connection when it is complete; the Flow is valid during the call
}

// DefaultMaxConnections bounds the connections that are tracked at once.
const DefaultMaxConnections = 1_000_000

// Table tracks the connections of one capture. It is not safe for concurrent
// use and starts no goroutine.
type Table struct {
	opt   Options
	flows map[Key]*Flow
	now   fsm.Time // the latest packet time so far: time never runs backwards here
	ids   uint64

	halfOpen list // opening: oldest first, evicted first
	open     list
	over     list // ended, waiting for stragglers
	told     list // reported, waiting for 2 MSL to pass so that stragglers find them
	free     *Flow

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
	if opt.MaxConnections <= 0 {
		opt.MaxConnections = DefaultMaxConnections
	}
	return &Table{opt: opt, flows: make(map[Key]*Flow)}
}

// Open returns how many connections are tracked now.
func (t *Table) Open() int { return t.halfOpen.n + t.open.n + t.over.n }

// Add gives one segment to its connection.
func (t *Table) Add(p *decode.Packet) {
	t.Advance(p.Time)
	key, _ := keyOf(p)
	f := t.flows[key]
	if f == nil {
		f = t.begin(key, p, nil)
	} else if f.candidate != nil || p.Segment.Flags&fsm.SYN != 0 {
		f = t.incarnation(f, p)
		if f == nil {
			return // held until it is known where it belongs
		}
	}
	t.step(f, p)
}

// Advance moves the table's time forward, with a packet or without one.
func (t *Table) Advance(now fsm.Time) {
	if now > t.now {
		t.now = now
		t.expire()
	}
}

// step gives the segment to the flow and keeps the flow in the right queue.
func (t *Table) step(f *Flow, p *decode.Packet) {
	if f.emitted {
		t.Late++
		return
	}
	if f.keep && t.opt.MaxKept > 0 && t.kept >= t.opt.MaxKept {
		f.keep = false
		f.KeptCut++
	} else if f.keep {
		t.kept++
	} else if f.KeptCut > 0 {
		f.KeptCut++
	}
	f.add(p)
	switch {
	case f.Over():
		f.deadline = t.now + t.opt.Linger
		f.moveTo(&t.over)
	case f.list == &t.over:
		f.moveTo(&t.open)
	case f.list == &t.halfOpen && f.Conn.End[0].State.Synchronized() && f.Conn.End[1].State.Synchronized():
		f.moveTo(&t.open)
	}
}

// Malformed notes a segment of which only the ports could be read on the
// connection that it claims to belong to, if there is one.
func (t *Table) Malformed(p *decode.Packet) {
	key, _ := keyOf(p)
	f := t.flows[key]
	if f == nil || f.emitted {
		return
	}
	f.AllFacts |= HeaderBroken
	f.mark(Mark{Frame: p.Frame, Time: p.Time, From: f.SideOf(p), TTL: p.TTL, IPID: p.IPID, Facts: HeaderBroken})
}

// begin starts a connection with its first segment, after another one of the
// same key or not.
func (t *Table) begin(key Key, p *decode.Packet, before *Flow) *Flow {
	if len(t.flows) >= t.opt.MaxConnections {
		t.evict()
	}
	f := t.free
	if f != nil {
		t.free = f.next
		transitions := f.Conn.Transitions
		kept := f.Kept
		queues := [2]sendQueue{f.Dir[0].sender.queue, f.Dir[1].sender.queue}
		*f = Flow{Kept: kept[:0]}
		f.Conn.Transitions = transitions
		for i := range queues {
			f.Dir[i].sender.queue = queues[i]
			f.Dir[i].sender.queue.clear()
		}
	} else {
		f = &Flow{}
		f.Conn.Transitions = make([]fsm.Transition, 0, 12)
	}
	t.ids++
	f.ID, f.Key, f.Incarnation = t.ids, key, 1
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
	f.keep = t.opt.Keep != nil && t.opt.Keep(f.ID)
	if before != nil {
		f.Incarnation = before.Incarnation + 1
		f.Previous = before.asPredecessor()
	}
	t.flows[key] = f
	t.halfOpen.push(f)
	return f
}

// expire reports the connections that ended long enough ago.
func (t *Table) expire() {
	for f := t.over.head; f != nil && f.deadline <= t.now; f = t.over.head {
		t.end(f)
	}
	for f := t.told.head; f != nil && f.deadline <= t.now; f = t.told.head {
		t.forget(f)
	}
}

// end reports a connection. Until 2 MSL have passed it stays in the table so
// that stragglers do not look like a connection of their own.
func (t *Table) end(f *Flow) {
	t.release(f)
	f.unlink()
	t.report(f)
	if t.opt.Linger < 2*t.opt.MSL && t.flows[f.Key] == f {
		f.deadline = t.now + 2*t.opt.MSL - t.opt.Linger
		t.told.push(f)
		return
	}
	t.forget(f)
}

func (t *Table) report(f *Flow) {
	if f.emitted {
		return
	}
	f.emitted = true
	f.finish(t.now)
	if t.opt.Ended != nil {
		t.opt.Ended(f)
	}
}

// forget drops a reported connection and keeps its memory for the next one.
func (t *Table) forget(f *Flow) {
	f.unlink()
	if t.flows[f.Key] == f {
		delete(t.flows, f.Key)
	}
	f.next = t.free
	t.free = f
}

// evict makes room: a reported connection, else the oldest half-open one, else
// the one that ended first, else the oldest.
func (t *Table) evict() {
	if f := t.told.head; f != nil {
		t.forget(f)
		return
	}
	for _, l := range []*list{&t.halfOpen, &t.over, &t.open} {
		if f := l.head; f != nil {
			f.Evicted = true
			t.Evicted++
			t.release(f)
			f.unlink()
			t.report(f)
			t.forget(f)
			return
		}
	}
}

// Finish reports every connection that is still tracked, in order of ID. The
// table is empty afterwards.
func (t *Table) Finish() {
	lists := []*list{&t.over, &t.open, &t.halfOpen}
	var undecided []*Flow
	for _, l := range lists {
		for f := l.head; f != nil; f = f.next {
			if f.candidate != nil {
				undecided = append(undecided, f)
			}
		}
	}
	for _, f := range undecided {
		t.conclude(f)
	}
	var rest []*Flow
	for _, l := range lists {
		for f := l.head; f != nil; f = f.next {
			rest = append(rest, f)
		}
	}
	slices.SortFunc(rest, func(a, b *Flow) int { return cmp.Compare(a.ID, b.ID) })
	for _, f := range rest {
		t.report(f)
		t.forget(f)
	}
	for t.told.head != nil {
		t.forget(t.told.head)
	}
}

// finish brings the connection's own records to the end of the capture.
func (f *Flow) finish(now fsm.Time) {
	f.Until = now
	if f.Conn.Expire(now) != 0 {
		f.Meanings |= fsm.StateChanged
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		if d.zero {
			d.zero = false
			d.ZeroWindowTime += f.Last.Time - d.zeroSince
		}
		if d.blocked {
			d.blocked = false
			d.Blocked += f.Last.Time - d.blockedSince
		}
	}
}

// asPredecessor keeps what the next connection of the key must be judged by.
func (f *Flow) asPredecessor() *Predecessor {
	pre := &Predecessor{ID: f.ID, Last: f.Last.Time, Ends: f.Ends}
	pre.Closed = f.Over() && f.Conn.End[0].SentFIN && f.Conn.End[1].SentFIN
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
