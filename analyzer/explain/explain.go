// Package explain puts a connection's record into words: its story step by step
// ([Story]), and how a single segment was judged ([Frame]). It knows no protocol
// rules and judges nothing: what it tells was found by the protocol machine and by
// the analysis, and stands in the record. It knows neither packets nor terminals.
package explain

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// origins are the numbers that count as 0 of both sides' streams.
type origins struct {
	base [2]fsm.Seq
	has  [2]bool
}

// originsOf finds them in the first segments that tell.
func originsOf(segments []record.Segment) *origins {
	o := &origins{}
	for i := range segments {
		if o.learn(&segments[i]); o.has[0] && o.has[1] {
			break
		}
	}
	return o
}

func (o *origins) learn(s *record.Segment) {
	if !s.Rel {
		return
	}
	if x := s.From; !o.has[x] {
		o.base[x], o.has[x] = s.Seg.Seq-fsm.Seq(s.RelSeq), true
	}
	if y := s.From.Peer(); !o.has[y] && s.Seg.Flags.Has(fsm.ACK) {
		o.base[y], o.has[y] = s.Seg.Ack-fsm.Seq(s.RelAck), true
	}
}

// number writes a sequence number of side's stream, relative to its beginning
// where that is known.
func (o *origins) number(side fsm.Side, n fsm.Seq) string {
	if !o.has[side] {
		return strconv.FormatUint(uint64(n), 10)
	}
	if d := n.Minus(o.base[side]); d < 0 {
		return "−" + strconv.FormatInt(-int64(d), 10)
	}
	return strconv.FormatUint(uint64(uint32(n-o.base[side])), 10)
}

// transitionsAt returns the transitions that the frame caused.
func transitionsAt(c *record.Connection, frame fsm.Frame) []*fsm.Transition {
	var out []*fsm.Transition
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Frame == frame && t.Cause != fsm.Timer {
			out = append(out, t)
		}
	}
	return out
}
