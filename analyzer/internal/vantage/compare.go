package vantage

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Comparison is what two taps together know.
type Comparison struct {
	taps  [2]*Tap
	talks map[key]*talk
	clock record.Clock
	only  [2]uint64

	vantages [2]string
	passages bool // Of tells them

	undelivered map[fsm.Frame]struct{}     // left their sender and never arrived
	inserted    map[fsm.Frame]insertion    // frames of the second tap that the first has not
	neighbours  map[[2]netip.Addr]nearness // of pairs of hosts

	moved map[key]*[2][]segment // of the second tap, that belong to talks of the first under other addresses
	way   map[key]moved         // from the second tap's addresses
	under map[key]key           // to them, those of the first such connection, in the first tap's order

	rate  float64  // at which the second clock gains on the first
	since fsm.Time // by the second clock
}

// insertion is how the first tap would have seen a segment.
type insertion struct {
	at   fsm.Time
	ends *[2]decode.Endpoint // from where and to where, if the second has other addresses
}

// talk is one pair of addresses and ports that both taps saw.
type talk struct {
	dir   [2]direction
	near  nearness
	basis string
	both  bool // both taps saw it
	moved bool // the second under other addresses
	ends  [2][2]decode.Endpoint
}

// inOrder returns the talks' keys in order of their first segments, so that the
// same input gives the same output.
func inOrder(talks map[key]*[2][]segment) []key {
	first := func(k key) fsm.Frame {
		at := talks[k]
		switch {
		case len(at[0]) == 0:
			return at[1][0].frame
		case len(at[1]) == 0:
			return at[0][0].frame
		}
		return min(at[0][0].frame, at[1][0].frame)
	}
	return slices.SortedFunc(maps.Keys(talks), func(a, b key) int { return cmp.Compare(first(a), first(b)) })
}

// nearness says which tap is nearer to a talk's first endpoint.
type nearness uint8

const (
	unknownTap nearness = iota
	firstTap
	secondTap
)

func (n nearness) other() nearness {
	switch n {
	case firstTap:
		return secondTap
	case secondTap:
		return firstTap
	}
	return unknownTap
}

// sender returns the index of the tap nearer to the direction's sender.
func (n nearness) sender(direction int) int {
	if direction == 1 {
		n = n.other()
	}
	return int(n) - 1
}

// Compare compares what two taps gathered. It takes their segments over.
func Compare(first, second *Tap) *Comparison {
	c := &Comparison{
		taps: [2]*Tap{first, second}, talks: make(map[key]*talk),
		undelivered: make(map[fsm.Frame]struct{}), inserted: make(map[fsm.Frame]insertion),
		neighbours: make(map[[2]netip.Addr]nearness), moved: make(map[key]*[2][]segment), way: make(map[key]moved), under: make(map[key]key),
	}
	c.translated()
	for _, k := range inOrder(first.talks) {
		at := first.talks[k]
		t := &talk{ends: [2][2]decode.Endpoint{{k.a, k.b}, {k.b, k.a}}}
		other := second.talks[k]
		if other == nil {
			other = c.moved[k]
			t.moved = other != nil
		}
		for i := range t.dir {
			t.dir[i].at[0] = at[i]
			if other != nil {
				t.dir[i].at[1] = other[i]
			}
		}
		if other == nil {
			c.only[0]++
		} else {
			t.both = true
			for i := range t.dir {
				t.dir[i].match()
			}
			t.tell()
			if t.near != unknownTap {
				c.neighbours[k.hosts()] = t.near
				c.neighbours[k.swapped()] = t.near.other()
			}
		}
		c.talks[k] = t
	}
	for k, at := range second.talks {
		if c.talks[k] == nil {
			c.only[1]++
			t := &talk{}
			t.dir[0].at[1], t.dir[1].at[1] = at[0], at[1]
			c.talks[k] = t
		}
	}
	c.askNeighbours()
	if c.bound(); c.clock.Known && !c.clock.Consistent {
		c.drift()
		c.bound()
	}
	for _, t := range c.talks {
		c.judge(t)
	}
	return c
}

func (k key) hosts() [2]netip.Addr   { return [2]netip.Addr{k.a.Addr(), k.b.Addr()} }
func (k key) swapped() [2]netip.Addr { return [2]netip.Addr{k.b.Addr(), k.a.Addr()} }

// tell finds out which tap is nearer to the first endpoint. Routers take from the
// TTL; where there are none, no clock's offset can make packets of both
// directions pass the same tap first.
func (t *talk) tell() {
	votes := 0
	for i := range t.dir {
		for j := range t.dir[i].at[0] {
			s := &t.dir[i].at[0][j]
			if s.match == nil || s.ttl == s.match.ttl {
				continue
			}
			if (s.ttl > s.match.ttl) == (i == 0) {
				votes++
			} else {
				votes--
			}
		}
	}
	switch {
	case votes > 0:
		t.near, t.basis = firstTap, "ttl"
		return
	case votes < 0:
		t.near, t.basis = secondTap, "ttl"
		return
	}
	l0, h0, known0 := t.dir[0].span()
	l1, h1, known1 := t.dir[1].span()
	switch {
	case !known0 || !known1:
	case l0 > h1:
		t.near, t.basis = firstTap, "times"
	case h0 < l1:
		t.near, t.basis = secondTap, "times"
	}
}

// askNeighbours takes from other connections of the same hosts what one does not
// tell by itself.
func (c *Comparison) askNeighbours() {
	for k, t := range c.talks {
		if t.near == unknownTap {
			if n := c.neighbours[k.hosts()]; n != unknownTap {
				t.near, t.basis = n, "neighbours"
			}
		}
	}
}

// bound finds the bounds of the clocks' offset: no packet arrives before it left.
func (c *Comparison) bound() {
	var low, high fsm.Time
	var hasLow, hasHigh bool
	for _, t := range c.talks {
		for i := range t.dir {
			l, h, known := t.dir[i].span()
			if !known || t.near == unknownTap {
				continue
			}
			if t.near.sender(i) == 0 {
				if !hasHigh || l < high {
					high, hasHigh = l, true
				}
			} else if !hasLow || h > low {
				low, hasLow = h, true
			}
		}
	}
	c.clock.Known, c.clock.Consistent = hasLow && hasHigh, hasLow && hasHigh && low <= high
	c.clock.Low, c.clock.High = low.Seconds(0), high.Seconds(0)
	if c.clock.Consistent {
		c.clock.Estimate = (low + (high-low)/2).Seconds(0)
	}
}

// offset returns the best estimate of how far the second clock is ahead.
func (c *Comparison) offset() (fsm.Time, bool) {
	return fsm.Time(c.clock.Estimate * 1e9), c.clock.Consistent
}

// spanOf returns how the two times of a direction's segments differ: on this
// connection, or from what the clocks allow.
func (c *Comparison) spanOf(t *talk, i int) (low, high fsm.Time, known bool) {
	if low, high, known = t.dir[i].span(); known {
		return low, high, true
	}
	// The other direction's, mirrored about the offset.
	offset, consistent := c.offset()
	if l, h, ok := t.dir[1-i].span(); ok && consistent {
		return 2*offset - h, 2*offset - l, true
	}
	if consistent {
		if t.near.sender(i) == 0 {
			return offset, fsm.Time(c.clock.High * 1e9), true
		}
		return fsm.Time(c.clock.Low * 1e9), offset, true
	}
	return 0, 0, false
}

// judge says of every segment what became of it, and which of the second tap's
// have to be told to an analysis of the first's.
func (c *Comparison) judge(t *talk) {
	if t.near == unknownTap {
		c.insertAll(t)
		return
	}
	for i := range t.dir {
		t.dir[i].recut()
	}
	for i := range t.dir {
		near := t.near.sender(i)
		c.judgeSent(t, i, near)
		c.judgeArrived(t, i, near)
		c.insert(t, i)
		t.dir[i].list(near)
	}
}

// judgeSent judges what the tap near the sender saw.
func (c *Comparison) judgeSent(t *talk, i, near int) {
	d := &t.dir[i]
	list, far := d.at[near], c.taps[1-near]
	low, high, known := c.spanOf(t, i)
	if near == 1 { // from its time to the first tap's
		low, high = -high, -low
	}
	// Nothing in a whole direction alike says that numbers are rewritten on the way,
	// rather than that all was lost.
	comparable := t.both && len(d.at[1-near]) == 0 || slices.ContainsFunc(list, func(s segment) bool { return s.match != nil || s.covered != nil })
	acks := acknowledged(t.dir[1-i].at[1-near])
	for j := range list {
		s := &list[j]
		switch {
		case s.match != nil:
			s.fate = arrived
		case s.covered != nil && s.gap() == 0:
			s.fate = resized
		case s.covered != nil:
			s.fate = partly
		case !known || !comparable || !far.any || s.time+low < far.first || s.time+high > far.last:
			s.fate = unjudged
		case s.space() > 0 && acks.without(s, s.time+low, d.at[1-near]):
			s.fate = unseen
		default:
			s.fate = lost
			c.undelivered[s.frame] = struct{}{}
		}
	}
}

// judgeArrived judges what the tap near the receiver saw beyond that.
func (c *Comparison) judgeArrived(t *talk, i, near int) {
	list, tap := t.dir[i].at[1-near], c.taps[near]
	low, high, known := c.spanOf(t, i)
	if near == 0 { // from the second tap's time to the first's
		low, high = -high, -low
	}
	seen := make(map[identity]bool)
	for j := range list {
		if s := &list[j]; s.match != nil {
			seen[s.identity(withID|withTS)] = true
		}
	}
	for j := range list {
		s := &list[j]
		switch {
		case s.match != nil:
			s.fate = arrived
		case s.covered != nil:
			s.fate = resized
		case (s.hasID || s.hasTS() && s.space() > 0) && seen[s.identity(withID|withTS)]:
			s.fate = doubled
		case !known || !tap.any || s.time+low < tap.first || s.time+high > tap.last:
			s.fate = outside
		default:
			s.fate = extra
		}
	}
}

// insert finds the second tap's segments that the first has not, and the time at
// which it would have seen them: between those that it did see.
func (c *Comparison) insert(t *talk, i int) {
	d := &t.dir[i]
	middle := c.usual(t, i)
	list := d.at[1]
	for j := range d.at[0] {
		s := &d.at[0][j]
		s.at = s.time
	}
	// Backwards, the time of the next that both saw is at hand.
	next, hasNext := fsm.Time(0), false
	for j := len(list) - 1; j >= 0; j-- {
		s := &list[j]
		if s.match != nil {
			s.at = s.match.time
			next, hasNext = s.at, true
			continue
		}
		s.at = s.time - middle
		if hasNext {
			s.at = min(s.at, next-1)
		}
	}
	before, hasBefore := fsm.Time(0), false
	for j := range list {
		s := &list[j]
		switch {
		case s.match != nil:
			before, hasBefore = s.at, true
			continue
		case hasBefore && s.at < before && before < s.time-middle+fsm.Second:
			s.at = before
		}
		if s.covered == nil && s.fate != doubled {
			x := insertion{at: s.at}
			if t.moved {
				x.ends = &t.ends[i]
			}
			c.inserted[s.frame] = x
		}
	}
}

// insertAll tells all that only the second tap saw, where nothing says which of
// them is nearer to whom.
func (c *Comparison) insertAll(t *talk) {
	for i := range t.dir {
		c.insert(t, i)
	}
}

// usual is the median difference of a direction's two times.
func (c *Comparison) usual(t *talk, i int) fsm.Time {
	if list := t.dir[i].deltas; len(list) > 0 {
		sorted := slices.Sorted(slices.Values(list))
		return sorted[len(sorted)/2]
	}
	if t.near != unknownTap {
		if low, high, known := c.spanOf(t, i); known {
			return low + (high-low)/2
		}
	}
	offset, _ := c.offset()
	return offset
}

// acks is what a receiver had acknowledged, and when the tap near it saw that.
type acks []struct {
	time fsm.Time
	ack  fsm.Seq
}

func acknowledged(list []segment) (a acks) {
	for i := range list {
		s := &list[i]
		if s.flags&fsm.ACK != 0 && s.flags&fsm.RST == 0 && (len(a) == 0 || s.ack.After(a[len(a)-1].ack)) {
			a = append(a, struct {
				time fsm.Time
				ack  fsm.Seq
			}{s.time, s.ack})
		}
	}
	return a
}

// without reports whether the receiver acknowledged all of a segment, after it can
// have arrived and although the tap beside it saw nothing that brought its last
// number.
func (a acks) without(s *segment, earliest fsm.Time, seen []segment) bool {
	i, _ := slices.BinarySearchFunc(a, s.end(), func(e struct {
		time fsm.Time
		ack  fsm.Seq
	}, end fsm.Seq) int {
		return int(e.ack.Minus(end))
	})
	if i == len(a) || a[i].time < earliest || a[i].ack.Minus(s.end()) > maxWindow {
		return false
	}
	until := a[i].time
	from, _ := slices.BinarySearchFunc(seen, earliest-fsm.Second, func(s segment, t fsm.Time) int {
		return int(min(1, max(-1, s.time-t)))
	})
	last := s.end() - 1
	for j := from; j < len(seen) && seen[j].time <= until; j++ {
		if j-from > maxLooked || last.In(seen[j].seq, seen[j].space()) {
			return false
		}
	}
	return true
}

// maxLooked bounds the search for what may have brought an acknowledged octet;
// beyond it nothing is claimed.
const maxLooked = 1 << 16

// maxWindow is the largest window there can be (RFC 7323 §2.3).
const maxWindow = 1 << 30

// Redundant reports whether a frame of the second tap is a segment that the first
// has too.
func (c *Comparison) Redundant(f fsm.Frame) bool {
	if _, ok := c.inserted[f]; ok {
		return false
	}
	return c.taps[1].taken.has(f.Number())
}

// Counterpart returns the first tap's frame of the segment that a frame of the
// second is, if it has one. It looks through all segments.
func (c *Comparison) Counterpart(f fsm.Frame) (fsm.Frame, bool) {
	for _, t := range c.talks {
		for i := range t.dir {
			for j := range t.dir[i].at[1] {
				if s := &t.dir[i].at[1][j]; s.frame == f && s.match != nil {
					return s.match.frame, true
				}
			}
		}
	}
	return 0, false
}

// FirstTime returns when the first tap would have seen a packet of the second.
func (c *Comparison) FirstTime(f fsm.Frame, t fsm.Time) fsm.Time {
	if x, ok := c.inserted[f]; ok {
		return x.at
	}
	offset, _ := c.offset()
	return c.steady(t) - offset
}

// Undelivered reports whether a frame is a segment that left its sender and did
// not arrive.
func (c *Comparison) Undelivered(f fsm.Frame) bool {
	_, ok := c.undelivered[f]
	return ok
}
