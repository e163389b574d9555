package kernelscore

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sent is the sequence space that one endpoint has sent, kept exactly: every
// octet, SYN and FIN. A connection of the laboratory is far below 2 GiB, so
// that distances from the first number are plain signed ones.
type sent struct {
	first fsm.Seq
	any   bool
	spans []span // sorted, apart from each other
}

// span is the numbers from, up to but not including, to.
type span struct{ from, to int64 }

// add notes a segment and reports whether any of its numbers had been sent before.
func (s *sent) add(g *fsm.Segment) bool {
	if !s.any {
		s.first, s.any = g.Seq, true
	}
	from := int64(int32(g.Seq - s.first))
	n := span{from, from + space(g)}
	if n.to == n.from {
		return false
	}
	again := false
	at, end := 0, 0
	for at < len(s.spans) && s.spans[at].to < n.from {
		at++
	}
	for end = at; end < len(s.spans) && s.spans[end].from <= n.to; end++ {
		old := s.spans[end]
		again = again || max(old.from, from) < min(old.to, from+space(g))
		n.from, n.to = min(n.from, old.from), max(n.to, old.to)
	}
	s.spans = slices.Replace(s.spans, at, end, n)
	return again
}

// space is the segment's share of the sequence space. Unlike the analyzer's it
// counts the data of any SYN: a kernel sends none without Fast Open.
func space(g *fsm.Segment) int64 {
	if g.Flags.Has(fsm.RST) {
		return 0
	}
	n := int64(g.Len)
	if g.Flags.Has(fsm.SYN) {
		n++
	}
	if g.Flags.Has(fsm.FIN) {
		n++
	}
	return n
}
