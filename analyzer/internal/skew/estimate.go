// Package skew finds and undoes a difference between the clocks of a capture's
// directions. An aggregating tap, a network card with two queues or two readers may
// stamp one direction later than the other; then answers stand before their
// questions. Nobody can tell which direction is stamped wrong, only by how much the
// two differ, and that within bounds: no answer was sent before what it answers.
package skew

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Skew says how much later than the least delayed each class of packets was stamped.
// The zero value corrects nothing.
type Skew struct {
	late map[class]fsm.Time
	most fsm.Time // the greatest of them
}

// Active reports whether there is anything to correct.
func (s *Skew) Active() bool { return s.most > 0 }

// Most returns by how much the directions differ.
func (s *Skew) Most() fsm.Time { return s.most }

// class is what may have a clock or a queue of its own: what came in at one
// interface from one neighbour. Where the link shows no addresses, one host.
type class struct {
	link  uint64
	host  [16]byte
	iface uint32
	index uint32
}

func classOf(p *decode.Packet) class {
	c := class{link: p.LinkSrc, iface: p.Interface, index: p.LinkIndex}
	if p.LinkSrc == 0 {
		c.host = p.Src.IP
	}
	return c
}

// bound is what the answers of one class to another's segments show.
type bound struct {
	least    fsm.Time // the least time from a question to its answer that stands behind it
	answers  int
	inverted []fsm.Time // how long answers stand before their questions
}

const (
	// leastInverted answers before their questions make a skew. One alone is rather a
	// segment that was lost before the tap and came again after its acknowledgment.
	leastInverted = 2
	// leastShare of the answers to one class must be so many, one in.
	leastShare = 20
	// answerTime is what the quickest answer is taken to need.
	answerTime = 1000
	// mostSkew is the largest difference that is believed.
	mostSkew = fsm.Second
)

// Estimate looks for a skew in the first packets of a capture.
func Estimate(packets []decode.Packet) Skew {
	bounds := answers(packets)
	s := Skew{}
	late := map[class]fsm.Time{}
	for _, pair := range ordered(bounds) {
		a, b := pair.answers, pair.asks
		early, ok := bounds[pair].early(bounds[classPair{b, a}])
		if !ok {
			continue
		}
		if _, known := late[a]; !known {
			late[a] = late[b] - early
		} else if _, known := late[b]; !known {
			late[b] = late[a] + early
		}
	}
	if len(late) == 0 {
		return s
	}
	// b is a key only where it was given a value; the others are not late.
	least := fsm.Time(0)
	for _, t := range late {
		least = min(least, t)
	}
	s.late = map[class]fsm.Time{}
	for i := range packets {
		c := classOf(&packets[i])
		s.late[c] = late[c] - least
		s.most = max(s.most, late[c]-least)
	}
	return s
}

// early returns by how much the answering class is stamped too early, and false if
// nothing shows that it is. back is what is known of the other way: answers to the
// answering class would stand before their questions, were more corrected than that.
func (b *bound) early(back *bound) (least fsm.Time, ok bool) {
	most := mostSkew
	if back.answers > len(back.inverted) {
		most = min(most, back.least)
	}
	n := 0
	for _, t := range b.inverted {
		if t <= most { // what is more is no skew, but lost before the tap and sent again
			least = max(least, t)
			n++
		}
	}
	// An answer takes some time, however little.
	return least + min(answerTime, (most-least)/2), n >= leastInverted && n*leastShare >= b.answers && len(back.inverted) == 0
}

// classPair is two classes of which one answers the other.
type classPair struct{ answers, asks class }

// ordered returns the pairs in a fixed order, those with the most evidence first.
func ordered(bounds map[classPair]*bound) []classPair {
	var list []classPair
	for p := range bounds {
		if bounds[classPair{p.asks, p.answers}] == nil {
			bounds[classPair{p.asks, p.answers}] = &bound{}
		}
	}
	for p := range bounds {
		list = append(list, p)
	}
	slices.SortFunc(list, func(x, y classPair) int {
		return cmp.Or(cmp.Compare(len(bounds[y].inverted), len(bounds[x].inverted)), x.answers.compare(y.answers), x.asks.compare(y.asks))
	})
	return list
}

func (c class) compare(o class) int {
	return cmp.Or(cmp.Compare(c.link, o.link), slices.Compare(c.host[:], o.host[:]), cmp.Compare(c.iface, o.iface), cmp.Compare(c.index, o.index))
}

// question is what can be answered: the end of a segment's numbers, or a timestamp.
type question struct {
	src, dst decode.Endpoint
	number   uint32
	stamp    bool
}

// asked is when, and by what class, a question was asked first.
type asked struct {
	time  fsm.Time
	class class
}

// said is the highest that a direction's segments have said. Only what is higher is
// asked for the first time for certain: what is not may have been lost, or overtaken.
type said struct {
	end   fsm.Seq
	tsVal uint32 // with hasTS
	hasTS bool
}

// answers finds, for each two classes, the least time from a segment of one to the
// other's answer.
func answers(packets []decode.Packet) map[classPair]*bound {
	questions := map[question]asked{}
	highest := map[[2]decode.Endpoint]*said{} // of each direction
	for i := range packets {
		p := &packets[i]
		s := &p.Segment
		if !p.IsSegment() || s.Flags&fsm.RST != 0 {
			continue
		}
		ask := func(number uint32, stamp bool) {
			q := question{p.Src, p.Dst, number, stamp}
			if _, twice := questions[q]; !twice {
				questions[q] = asked{p.Time, classOf(p)}
			}
		}
		ends := [2]decode.Endpoint{p.Src, p.Dst}
		top := highest[ends]
		if top == nil {
			// What the first segment says may have been said before the capture began, but
			// for a SYN's.
			top = &said{end: s.End()}
			if s.Flags&fsm.SYN != 0 {
				top.end = s.Seq
			}
			highest[ends] = top
		}
		if s.End().After(top.end) {
			top.end = s.End()
			if s.Space() > 0 { // else they were sent before, and not captured yet
				ask(uint32(top.end), false)
			}
		}
		if s.Opts&fsm.OptTimestamps == 0 {
			continue
		}
		if top.hasTS && int32(s.TSVal-top.tsVal) > 0 || !top.hasTS && s.Flags&fsm.SYN != 0 {
			ask(s.TSVal, true)
		}
		if !top.hasTS || int32(s.TSVal-top.tsVal) > 0 {
			top.tsVal, top.hasTS = s.TSVal, true
		}
	}
	bounds := map[classPair]*bound{}
	for i := range packets {
		p := &packets[i]
		s := &p.Segment
		if !p.IsSegment() || s.Flags&fsm.ACK == 0 || s.Flags&fsm.RST != 0 {
			continue
		}
		answer := func(number uint32, stamp bool) {
			q, ok := questions[question{p.Dst, p.Src, number, stamp}]
			if !ok {
				return
			}
			pair := classPair{classOf(p), q.class}
			b := bounds[pair]
			wait := p.Time - q.time
			if b == nil {
				b = &bound{least: mostSkew}
				bounds[pair] = b
			}
			b.answers++
			if wait < 0 {
				b.inverted = append(b.inverted, -wait)
			} else {
				b.least = min(b.least, wait)
			}
		}
		answer(uint32(s.Ack), false)
		if s.Echoes() {
			answer(s.TSEcr, true)
		}
	}
	return bounds
}
