package vantage

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// direction is one side's segments as both taps saw them.
type direction struct {
	at [2][]segment // by tap

	// The difference of a segment's two times, second tap's less the first's, over
	// those that nothing else could be mistaken for.
	deltas []fsm.Time
	sights []*segment // what the sender's tap saw, and beyond that the receiver's, by time

	byID bool // IP identifications arrive as they were sent
	byTS bool // so do timestamps
}

// identity is what two sights of one segment share. Which parts are set depends
// on what the path leaves alone.
type identity struct {
	seq, ack, tsVal, tsEcr, len, sack uint32
	flags                             fsm.Flags
	ipid, window                      uint16
	hasID, hasTS                      bool
}

// with are the parts of an identity that something on the way may have altered.
type with uint8

const (
	withID     with = 1 << iota
	withTS          // timestamps
	withWindow      // and SACK blocks, which tell repeated ACKs apart
)

func (s *segment) identity(parts with) identity {
	i := identity{seq: uint32(s.seq), len: s.len, flags: s.flags & core}
	if parts&withWindow != 0 {
		i.window, i.sack = s.window, s.sack
	}
	if s.flags&fsm.ACK != 0 {
		i.ack = uint32(s.ack)
	}
	if parts&withID != 0 && s.hasID {
		i.ipid, i.hasID = s.ipid, true
	}
	if parts&withTS != 0 && s.hasTS() {
		i.tsVal, i.tsEcr, i.hasTS = s.tsVal, s.tsEcr, true
	}
	return i
}

// match pairs the segments of both taps: first those that are the same in all
// that a retransmission would have otherwise, then those that something altered.
func (d *direction) match() {
	for tap := range d.at {
		slices.SortStableFunc(d.at[tap], func(a, b segment) int { return cmp.Compare(a.time, b.time) })
	}
	for _, parts := range [...]with{withID | withTS | withWindow, withID | withTS, withTS, withID, 0} {
		d.pass(parts)
	}
}

// pass pairs what has the same identity at both taps.
func (d *direction) pass(parts with) {
	var groups map[identity]*[2][]*segment
	var order []*[2][]*segment
	for tap := range d.at {
		for i := range d.at[tap] {
			s := &d.at[tap][i]
			if s.match != nil {
				continue
			}
			if groups == nil {
				groups = make(map[identity]*[2][]*segment)
			}
			id := s.identity(parts)
			g := groups[id]
			if g == nil {
				g = new([2][]*segment)
				groups[id] = g
				order = append(order, g)
			}
			g[tap] = append(g[tap], s)
		}
	}
	for _, g := range order { // those that leave no choice tell how long the way is
		if len(g[0]) == 1 && len(g[1]) == 1 {
			d.pair(g[0][0], g[1][0], true)
		}
	}
	low, high, known := d.span()
	for _, g := range order {
		if len(g[0])+len(g[1]) > 2 && len(g[0]) > 0 && len(g[1]) > 0 {
			d.align(g[0], g[1], low, high, known)
		}
	}
}

// pair notes that two sights are of one segment, unless something says that they
// are of two: a retransmission has another identification, and most often another
// timestamp.
func (d *direction) pair(a, b *segment, alone bool) bool {
	if d.byID && a.hasID && b.hasID && a.ipid != b.ipid || d.byTS && a.hasTS() && b.hasTS() && a.tsVal != b.tsVal {
		return false
	}
	a.match, b.match, a.alone, b.alone = b, a, alone, alone
	d.byID = d.byID || a.hasID && b.hasID && a.ipid == b.ipid
	d.byTS = d.byTS || a.hasTS() && b.hasTS() && a.tsVal == b.tsVal
	if alone {
		d.deltas = append(d.deltas, b.time-a.time)
	}
	return true
}

// span returns the least and the greatest difference of times so far.
func (d *direction) span() (low, high fsm.Time, known bool) {
	if len(d.deltas) == 0 {
		return 0, 0, false
	}
	return slices.Min(d.deltas), slices.Max(d.deltas), true
}

// align pairs segments that look the same, in order. Where one tap has more of
// them their times decide which have no partner.
func (d *direction) align(a, b []*segment, low, high fsm.Time, known bool) {
	middle, slack := (low+high)/2, (high-low)/2+fsm.Second/1000
	off := func(x, y *segment) fsm.Time { return abs(y.time - x.time - middle) }
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if known && len(a) != len(b) {
			switch {
			case len(a)-i > len(b)-j && off(a[i+1], b[j]) < off(a[i], b[j]):
				i++
				continue
			case len(b)-j > len(a)-i && off(a[i], b[j+1]) < off(a[i], b[j]):
				j++
				continue
			case off(a[i], b[j]) > 4*slack+fsm.Second:
				if b[j].time-a[i].time < middle {
					j++
				} else {
					i++
				}
				continue
			}
		}
		d.pair(a[i], b[j], false)
		i++
		j++
	}
}

func abs(t fsm.Time) fsm.Time {
	if t < 0 {
		return -t
	}
	return t
}

// recut finds octets that both taps saw in segments of different sizes: a network
// card, or its driver, cuts and joins them behind one tap or before the other.
func (d *direction) recut() {
	left, right := unpaired(d.at[0]), unpaired(d.at[1])
	if len(left) == 0 || len(right) == 0 {
		return
	}
	place(left, left[0].seq)
	place(right, left[0].seq)
	longest := int64(0)
	for _, l := range left {
		longest = max(longest, int64(l.len))
	}
	byPlace := slices.Clone(left)
	slices.SortStableFunc(byPlace, func(a, b *segment) int { return cmp.Compare(a.place, b.place) })
	low, high, known := d.span()
	slack := max(high-low, 20*fsm.Second/1000)
	middle := (low + high) / 2
	var near []*segment
	for _, r := range right {
		near = near[:0]
		first, _ := slices.BinarySearchFunc(byPlace, r.place-longest, func(s *segment, place int64) int { return cmp.Compare(s.place, place) })
		for i, l := range byPlace[first:] {
			if l.place >= r.place+int64(r.len) || i >= maxTried || len(near) >= maxCandidates {
				break
			}
			if l.place+int64(l.len) <= r.place || l.hasTS() && r.hasTS() && l.tsVal != r.tsVal {
				continue
			}
			if took := r.time - l.time; !known || took >= low-slack && took <= high+slack {
				near = append(near, l)
			}
		}
		slices.SortStableFunc(near, func(a, b *segment) int {
			return cmp.Compare(abs(r.time-a.time-middle), abs(r.time-b.time-middle))
		})
		for _, l := range near {
			shift := r.place - l.place
			from, to := max(0, shift), min(int64(l.len), shift+int64(r.len))
			if l.covers(uint32(from), uint32(to)) {
				continue // others have taken these octets: this is a repetition
			}
			l.cover(uint32(from), uint32(to))
			r.cover(uint32(from-shift), uint32(to-shift))
			if r.gap() == 0 {
				break
			}
		}
	}
}

// unpaired returns the segments with data that have no partner.
func unpaired(list []segment) (out []*segment) {
	for i := range list {
		if s := &list[i]; s.match == nil && s.len > 0 && s.flags&(fsm.SYN|fsm.RST) == 0 {
			out = append(out, s)
		}
	}
	return out
}

// place numbers the octets of a stream from base on past 4 GiB.
func place(list []*segment, base fsm.Seq) {
	at, seq := int64(0), base
	for _, s := range list {
		at, seq = at+int64(s.seq.Minus(seq)), s.seq
		s.place = at
	}
}

// Bounds on the work that one segment can make, where all of them overlap.
const (
	maxTried      = 4096
	maxCandidates = 256
)

// covers reports whether all of a run was found already.
func (s *segment) covers(from, to uint32) bool {
	for _, c := range s.covered {
		if c.from <= from && c.to >= to {
			return true
		}
	}
	return false
}

// cover notes a run of octets as found; the runs stay sorted and apart.
func (s *segment) cover(from, to uint32) {
	var list []piece
	for _, c := range s.covered {
		if c.to < from || c.from > to {
			list = append(list, c)
			continue
		}
		from, to = min(from, c.from), max(to, c.to)
	}
	list = append(list, piece{from, to})
	slices.SortFunc(list, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	s.covered = list
}

// gap is how many octets were not found.
func (s *segment) gap() uint32 {
	n := s.len
	for _, c := range s.covered {
		n -= c.to - c.from
	}
	return n
}
