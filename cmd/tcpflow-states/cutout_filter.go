package main

import (
	"slices"
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// shown is what Wireshark is told of the packets written.
type shown struct {
	ends   [][2]record.Addr // of the connections, up to maxShown
	many   bool             // there are more
	rank   int              // of the worst finding
	id     uint64           // its connection
	first  fsm.Frame        // its first packet, 0 if there is none
	number uint64           // which packet of the file written that is
	checks []string         // if not empty, only findings of these count
}

// maxShown is up to how many connections a display filter names. All packets of the file
// are theirs, so with more there is none.
const maxShown = 16

// add takes a chosen connection.
func (s *shown) add(c *record.Connection) {
	ends := [2]record.Addr{c.Client, c.Server}
	known := false
	for _, e := range s.ends {
		known = known || e == ends
	}
	if !known {
		if s.many = s.many || len(s.ends) == maxShown; !s.many {
			s.ends = append(s.ends, ends)
		}
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		rank := 1 + int(a.Severity)
		if len(a.Frames) == 0 || len(s.checks) > 0 && !slices.Contains(s.checks, string(a.Name)) {
			continue
		}
		if rank > s.rank || rank == s.rank && c.ID < s.id {
			s.rank, s.id, s.first = rank, c.ID, a.Frames[0]
		}
	}
}

// wrote takes the number that a packet has in the file written.
func (s *shown) wrote(f fsm.Frame, number uint64) {
	if f == s.first && s.number == 0 {
		s.number = number
	}
}

// filter is a display filter for the connections, "" if they are too many to name.
func (s *shown) filter() string {
	if s.many || len(s.ends) == 0 {
		return ""
	}
	var b []byte
	for i, e := range s.ends {
		if i > 0 {
			b = append(b, " or "...)
		}
		if len(s.ends) > 1 {
			b = append(b, '(')
		}
		b = record.AppendWiresharkEnds(b, e[0], e[1])
		if len(s.ends) > 1 {
			b = append(b, ')')
		}
	}
	return string(b)
}

// jump is a filter for the packet to look at first, "" for the first of all.
func (s *shown) jump() string {
	if s.number == 0 {
		return ""
	}
	return "frame.number == " + strconv.FormatUint(s.number, 10)
}
