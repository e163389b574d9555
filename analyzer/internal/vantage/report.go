package vantage

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// list puts a direction's segments in order, each once.
func (d *direction) list(near int) {
	for i := range d.at[near] {
		d.sights = append(d.sights, &d.at[near][i])
	}
	for i := range d.at[1-near] {
		if s := &d.at[1-near][i]; s.fate >= extra {
			d.sights = append(d.sights, s)
		}
	}
	slices.SortStableFunc(d.sights, func(a, b *segment) int { return cmp.Compare(a.at, b.at) })
}

// Report says what holds of the capture as a whole.
func (c *Comparison) Report() record.Taps {
	t := record.Taps{Clock: c.clock, Only: c.only}
	for _, k := range c.talks {
		if k.both {
			t.Both++
		}
	}
	return t
}

// Vantages says beside whom each tap stood: "client", "server", "both" where that
// differs between connections, or "". It goes by the connections that Of was
// asked for.
func (c *Comparison) Vantages() [2]string { return c.vantages }

func (c *Comparison) noteVantages(clientTap int) {
	for tap := range c.vantages {
		side := "server"
		if tap == clientTap-1 {
			side = "client"
		}
		if v := &c.vantages[tap]; *v == "" {
			*v = side
		} else if *v != side {
			*v = "both"
		}
	}
}

// Of returns what happened to a connection's segments between the taps, or nil if
// only one of them saw it.
func (c *Comparison) Of(conn *record.Connection) *record.Between {
	client, server := endpoint(conn.Client), endpoint(conn.Server)
	k, toServer := keyOf(&decode.Packet{Src: client, Dst: server})
	t := c.talks[k]
	if t == nil || !t.both {
		return nil
	}
	b := &record.Between{Basis: t.basis}
	if t.moved {
		other := c.under[k]
		b.Translated = true
		b.Ends[toServer] = record.Addr{IP: other.a.Addr(), Port: other.a.Port}
		b.Ends[1-toServer] = record.Addr{IP: other.b.Addr(), Port: other.b.Port}
	}
	if t.near == unknownTap {
		return b
	}
	b.ClientTap = 1 + t.near.sender(toServer)
	c.noteVantages(b.ClientTap)
	// The same addresses and ports may have served several connections.
	from, to := conn.First, conn.Last
	if conn.Incarnation == 1 {
		from -= fsm.Second
	}
	if conn.Superseded == 0 {
		to += fsm.Second
	}
	for side := range b.Dir {
		i := toServer
		if fsm.Side(side) == fsm.Server {
			i = 1 - toServer
		}
		c.cross(&b.Dir[side], &t.dir[i], t.near.sender(i), from, to)
		if c.passages {
			b.Passages = c.pass(b.Passages, fsm.Side(side), &t.dir[i], t.near.sender(i), from, to)
		}
	}
	slices.SortStableFunc(b.Passages, func(x, y record.Passage) int { return cmp.Compare(x.Time, y.Time) })
	b.Passages = b.Passages[:min(len(b.Passages), record.MaxPassages)]
	return b
}

func endpoint(a record.Addr) decode.Endpoint {
	return decode.Endpoint{IP: a.IP.As16(), Port: a.Port}
}

// cross counts one direction's segments from one time to another.
func (c *Comparison) cross(x *record.Crossing, d *direction, near int, from, to fsm.Time) {
	x.Hops = -1
	first, _ := slices.BinarySearchFunc(d.sights, from, func(s *segment, t fsm.Time) int { return cmp.Compare(s.at, t) })
	offset, hasOffset := c.offset()
	if near == 1 {
		offset = -offset
	}
	var delays []fsm.Time
	var changes [numChanges]uint64
	for _, s := range d.sights[first:] {
		if s.at > to {
			break
		}
		switch s.fate {
		case extra:
			x.Extra++
			note(&x.ExtraFrames, s)
			continue
		case outside:
			x.Outside++
			continue
		case doubled:
			x.Doubled++
			continue
		case arrived:
			x.Arrived++
			if c := altered(s, s.match); c != 0 {
				x.Altered++
				note(&x.AlteredFrames, s)
				for i := range changes {
					changes[i] += uint64(c >> i & 1)
				}
			}
			if x.Hops < 0 {
				x.Hops = int(s.ttl) - int(s.match.ttl)
			}
			if s.alone && hasOffset {
				delays = append(delays, s.match.time-s.time-offset)
			}
		case resized:
			x.Arrived++
			x.Resized++
		case partly:
			x.Partly++
			x.LostBytes += uint64(s.gap())
			note(&x.LostFrames, s)
		case lost:
			x.Lost++
			x.LostBytes += uint64(s.len)
			note(&x.LostFrames, s)
		case unseen:
			x.Unseen++
		case unjudged:
			x.Unjudged++
		}
		x.Sent++
	}
	for i, n := range changes {
		if n > 0 {
			x.Changes = append(x.Changes, record.Count{Name: changeNames[i], N: n})
		}
	}
	slices.SortStableFunc(x.Changes, func(a, b record.Count) int { return cmp.Compare(b.N, a.N) })
	if x.Timed = uint64(len(delays)); x.Timed > 0 {
		slices.Sort(delays)
		x.Least, x.Median, x.Most = delays[0].Seconds(0), delays[len(delays)/2].Seconds(0), delays[len(delays)-1].Seconds(0)
	}
}

// TellPassages has Of tell the passages too.
func (c *Comparison) TellPassages() { c.passages = true }

// fateNames are the fates as a record has them.
var fateNames = [...]string{
	arrived: "arrived", resized: "resized", partly: "partly", lost: "lost", unseen: "unseen", unjudged: "unjudged",
	extra: "extra", outside: "outside", doubled: "doubled",
}

// pass appends the passages of one direction's segments from one time to another.
func (c *Comparison) pass(list []record.Passage, from fsm.Side, d *direction, near int, first, last fsm.Time) []record.Passage {
	offset, _ := c.offset()
	at := func(s *segment) fsm.Time { // by the first tap's clock
		if s.frame.File() == 0 {
			return s.time
		}
		return s.time - offset // a rate is taken out already
	}
	i, _ := slices.BinarySearchFunc(d.sights, first, func(s *segment, t fsm.Time) int { return cmp.Compare(s.at, t) })
	for _, s := range d.sights[i:] {
		if s.at > last || len(list) >= 2*record.MaxPassages {
			break
		}
		p := record.Passage{From: from, Frame: s.frame, Time: at(s), Fate: fateNames[s.fate]}
		if s.match != nil && s.frame.File() == near {
			p.Other, p.OtherTime = s.match.frame, at(s.match)
		}
		list = append(list, p)
	}
	return list
}

func note(list *[]fsm.Frame, s *segment) {
	if len(*list) < record.MaxCrossingFrames {
		*list = append(*list, s.frame)
	}
}
