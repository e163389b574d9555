package vantage

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Between the taps addresses and ports may be translated. Numbers, timestamps and the
// lengths of segments are not: connections that only one tap saw under their addresses
// are paired by them.

// run is a connection's segments at one tap: a pair of addresses and ports may serve
// several, one after the other, and be translated otherwise each time.
type run struct {
	key      key
	from, to fsm.Time // the first segment's time, and that of the next run's
}

// runSide is where an identity was seen at the first tap.
type runSide struct {
	run       int
	direction int
	ambiguous bool
}

// moved says that what the second tap saw between other addresses belongs to a talk of
// the first.
type moved struct {
	to      key
	swapped bool // the directions change places
}

// ends returns the addresses at the first tap of what goes in a direction at the second.
func (m moved) ends(direction int) [2]decode.Endpoint {
	if (direction == 1) != m.swapped {
		return [2]decode.Endpoint{m.to.b, m.to.a}
	}
	return [2]decode.Endpoint{m.to.a, m.to.b}
}

// enough is the weight of the identities that two runs must share.
const enough = 3

// mostCompared bounds the segments of a direction that are looked at.
const mostCompared = 64

// translated finds the talks of the second tap that are the first's under other addresses,
// and gives their segments to those. It takes them out of the second's.
func (c *Comparison) translated() {
	first, second := c.taps[0], c.taps[1]
	index := make(map[identity]runSide)
	runs := lonely(first, second)
	for n, r := range runs {
		first.identities(r, func(id identity, direction, _ int) {
			if x, twice := index[id]; twice && (x.run != n || x.direction != direction) {
				index[id] = runSide{ambiguous: true}
			} else {
				index[id] = runSide{run: n, direction: direction}
			}
		})
	}
	if len(runs) == 0 {
		return
	}
	type partner struct {
		run     int
		swapped bool
	}
	for _, r := range lonely(second, first) {
		votes := make(map[partner]int)
		second.identities(r, func(id identity, direction, weight int) {
			if x, ok := index[id]; ok && !x.ambiguous {
				votes[partner{x.run, x.direction != direction}] += weight
			}
		})
		var best partner
		most, next := 0, 0
		for p, n := range votes {
			if n > most {
				best, most, next = p, n, most
			} else {
				next = max(next, n)
			}
		}
		if most >= enough && most > 2*next {
			c.move(r, moved{runs[best.run].key, best.swapped})
		}
	}
}

// lonely returns the runs of the talks that only the one tap saw, in order.
func lonely(tap, other *Tap) (list []run) {
	for _, k := range inOrder(tap.talks) {
		if other.talks[k] == nil {
			list = append(list, runsOf(k, tap.talks[k])...)
		}
	}
	return list
}

// runsOf parts a talk where a SYN brings another number.
func runsOf(k key, at *[2][]segment) []run {
	const always = 1<<63 - 1
	list := []run{{key: k, from: -always, to: always}}
	for i := range at {
		var isn fsm.Seq
		has := false
		for j := range at[i] {
			s := &at[i][j]
			if s.flags&core != fsm.SYN || has && s.seq == isn {
				continue
			}
			if has {
				list = append(list, run{key: k, from: s.time, to: always})
			}
			isn, has = s.seq, true
		}
	}
	slices.SortFunc(list, func(a, b run) int { return cmp.Compare(a.from, b.from) })
	for n := range list[1:] {
		list[n].to = list[n+1].from
	}
	return list
}

// identities calls do for those of a run's first segments that can be told from others,
// with how much each proves.
func (t *Tap) identities(r run, do func(id identity, direction, weight int)) {
	for i := range t.talks[r.key] {
		n := 0
		for j := range t.talks[r.key][i] {
			s := &t.talks[r.key][i][j]
			if s.time < r.from || s.time >= r.to || s.flags&fsm.RST != 0 {
				continue
			}
			if n++; n > mostCompared {
				break
			}
			parts, weight := withTS, 1
			switch {
			case s.flags&core == fsm.SYN && s.hasTS(), s.flags&core == fsm.SYN|fsm.ACK:
				weight = enough // 64 bits chosen at random
			case s.flags&core == fsm.SYN:
				parts, weight = withID, 2
			case s.len > 0:
				weight = 2
			}
			do(s.identity(parts), i, weight)
		}
	}
}

// move gives the segments of a run at the second tap to a talk of the first.
func (c *Comparison) move(r run, m moved) {
	from := c.taps[1].talks[r.key]
	to := c.moved[m.to]
	if to == nil {
		to = new([2][]segment)
		c.moved[m.to] = to
		c.under[m.to] = r.key
		if m.swapped {
			c.under[m.to] = key{r.key.b, r.key.a}
		}
	}
	for i := range from {
		d := i
		if m.swapped {
			d = 1 - i
		}
		rest := from[i][:0:0]
		for _, s := range from[i] {
			if s.time >= r.from && s.time < r.to {
				to[d] = append(to[d], s)
			} else {
				rest = append(rest, s)
			}
		}
		from[i] = rest
	}
	c.way[r.key] = m
	if len(from[0])+len(from[1]) == 0 {
		delete(c.taps[1].talks, r.key)
	}
}

// Translated returns the addresses that the first tap has of a packet that only the second
// saw, if they are others there.
func (c *Comparison) Translated(p *decode.Packet) (ends [2]decode.Endpoint, ok bool) {
	if len(c.way) == 0 || p.Frame.File() != 1 {
		return ends, false
	}
	if x, ok := c.inserted[p.Frame]; ok {
		if x.ends == nil {
			return ends, false
		}
		return *x.ends, true
	}
	k, direction := keyOf(p) // of an ICMP error: what it quotes
	m, ok := c.way[k]
	return m.ends(direction), ok
}
