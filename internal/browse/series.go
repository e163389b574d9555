package browse

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// point is one segment of a graph of time and sequence numbers, or one round trip.
type point struct {
	at       float64 // seconds since the connection's first segment
	low, top float64 // sequence numbers, or seconds in top
	kind     pointKind
}

type pointKind uint8

const (
	pointData pointKind = iota
	pointResent
	pointAck
	pointFIN
	pointRST
	pointZero // the receiver closed its window
	pointRTT
)

// sequencePoints are what one side sent, and what the other acknowledged of it.
func sequencePoints(c *record.Connection, from fsm.Side) []point {
	var list []point
	for i := range c.Segments {
		s := &c.Segments[i]
		at := s.Time.Seconds(c.First)
		if s.From != from {
			if s.Seg.Flags.Has(fsm.ACK) {
				kind := pointAck
				if s.Seg.Window == 0 && !s.Seg.Flags.Any(fsm.SYN|fsm.RST|fsm.FIN) {
					kind = pointZero
				}
				list = append(list, point{at, float64(s.RelAck), float64(s.RelAck), kind})
			}
			continue
		}
		p := point{at, float64(s.RelSeq), float64(s.RelSeq) + float64(s.Seg.Len), pointData}
		switch {
		case s.Seg.Flags.Has(fsm.RST):
			p.kind = pointRST
		case s.Seg.Flags.Has(fsm.FIN):
			p.kind = pointFIN
		case slices.Contains(s.Labels, record.LabelRetransmission):
			p.kind = pointResent
		case s.Seg.Len == 0 && !s.Seg.Flags.Has(fsm.SYN):
			continue // its number says nothing new
		}
		list = append(list, p)
	}
	return list
}

// rttPoints are the round trips of one side's data: from the capture point to the other side
// and back, of segments that were sent once.
func rttPoints(c *record.Connection, from fsm.Side) []point {
	type sent struct {
		end  uint64
		at   fsm.Time
		once bool
	}
	var waiting []sent
	var list []point
	for i := range c.Segments {
		s := &c.Segments[i]
		if s.From == from {
			length := uint64(s.Seg.Len)
			if s.Seg.Flags.Any(fsm.SYN | fsm.FIN) {
				length++
			}
			end := s.RelSeq + length
			switch {
			case length == 0:
			case slices.Contains(s.Labels, record.LabelRetransmission):
				for k := range waiting { // whose acknowledgment it is nobody can tell then
					waiting[k].once = waiting[k].once && (waiting[k].end <= s.RelSeq || waiting[k].end > end)
				}
			default:
				waiting = append(waiting, sent{end, s.Time, true})
			}
			continue
		}
		if !s.Seg.Flags.Has(fsm.ACK) {
			continue
		}
		n := 0
		for n < len(waiting) && waiting[n].end <= s.RelAck {
			n++
		}
		if n > 0 && waiting[n-1].once { // an acknowledgment of several was sent for the last
			list = append(list, point{at: s.Time.Seconds(c.First), top: s.Time.Seconds(waiting[n-1].at), kind: pointRTT})
		}
		waiting = waiting[n:]
	}
	return list
}
