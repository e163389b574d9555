// Package owners remembers which processes the packets of open connections belong to, as
// the capture names them packet by packet, until the connections are reported. What it
// remembers is bounded; a capture that names none costs nothing.
package owners

import (
	"bytes"
	"cmp"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
	"github.com/tcpflow-states/tcpflow-states/internal/recent"
)

const (
	maxSights = 12      // of processes between two ends
	maxEnds   = 1 << 13 // pairs of ends in a generation, of which there are two
)

// Table is for the connections of one shard.
type Table struct {
	ends recent.Map[key, *between] // those of which the latest packets came
}

// key is two ends in their order.
type key [2]decode.Endpoint

// between is what was seen between two ends, in order.
type between struct {
	sights []sight
	more   bool
}

// sight is a run of packets of one process.
type sight struct {
	process     *process.Process
	end         whichEnd
	frame       fsm.Frame // the first
	first, last fsm.Time
}

// whichEnd says which of a key's ends a process has.
type whichEnd uint8

const (
	unknownEnd whichEnd = iota
	lowEnd
	highEnd
)

// keyOf puts two ends in order.
func keyOf(a, b decode.Endpoint) (k key, swapped bool) {
	if cmp.Or(bytes.Compare(a.IP[:], b.IP[:]), cmp.Compare(a.Port, b.Port)) > 0 {
		return key{b, a}, true
	}
	return key{a, b}, false
}

// Note takes in a segment whose process the capture names.
func (t *Table) Note(p *decode.Packet) {
	k, swapped := keyOf(p.Src, p.Dst)
	end := unknownEnd
	switch {
	case p.Way == process.UnknownDirection:
	case (p.Way == process.Outbound) != swapped:
		end = lowEnd
	default:
		end = highEnd
	}
	t.entry(k).add(sight{p.Process, end, p.Frame, p.Time, p.Time})
}

// entry returns what was seen between two ends, and makes room if need be.
func (t *Table) entry(k key) *between {
	b, known := t.ends.Renew(k, maxEnds)
	if !known {
		b = new(between)
		t.ends.Put(k, b, maxEnds)
	}
	return b
}

// add takes in a packet: it goes on with the latest run of its end, or begins one.
func (b *between) add(s sight) {
	for i := len(b.sights) - 1; i >= 0; i-- {
		if known := &b.sights[i]; known.end == s.end {
			if known.process == s.process {
				known.first, known.last = min(known.first, s.first), max(known.last, s.last)
				return
			}
			break
		}
	}
	if len(b.sights) < maxSights {
		b.sights = append(b.sights, s)
		return
	}
	// Processes take turns: then it goes on with any run of its own.
	for i := range b.sights {
		if known := &b.sights[i]; known.end == s.end && known.process == s.process {
			known.first, known.last = min(known.first, s.first), max(known.last, s.last)
			return
		}
	}
	b.more = true
}

// Describe adds to a record the processes that its packets belong to. ended says that
// the connection is over: what is of it alone is then forgotten.
func (t *Table) Describe(c *record.Connection, ended bool) {
	if latest, before := t.ends.Len(); latest+before == 0 {
		return
	}
	k, swapped := keyOf(endpoint(c.Client), endpoint(c.Server))
	b, known := t.ends.Get(k)
	if !known {
		return
	}
	kept := b.sights[:0]
	for i := range b.sights {
		s := b.sights[i]
		if s.first <= c.Last && s.last >= c.First {
			add(c, &s, swapped)
		}
		if !ended || s.last > c.Last {
			kept = append(kept, s)
		}
	}
	c.MoreOwners = c.MoreOwners || b.more
	clear(b.sights[len(kept):])
	if b.sights = kept; len(kept) == 0 {
		t.ends.Delete(k)
	}
}

// add adds a process to a record, unless it is there.
func add(c *record.Connection, s *sight, swapped bool) {
	o := record.Owner{Process: s.process, Frame: s.frame}
	if s.end != unknownEnd {
		o.HasSide = true
		if (s.end == highEnd) != swapped {
			o.Side = fsm.Server
		}
	}
	key := ""
	for i := range c.Owners {
		known := &c.Owners[i]
		if known.HasSide != o.HasSide || known.Side != o.Side {
			continue
		}
		if known.Process == o.Process {
			return
		}
		if key == "" {
			key = o.Key()
		}
		if known.Key() == key { // described twice
			return
		}
	}
	c.Owners = append(c.Owners, o)
}

func endpoint(a record.Addr) decode.Endpoint { return decode.Endpoint{IP: a.IP.As16(), Port: a.Port} }
