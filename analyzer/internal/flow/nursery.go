package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// nursery keeps connections that have just begun as nothing but their first few
// segments: some hundred octets instead of a Flow's kilobytes. A flood of SYNs
// leaves it at that, and so do connections that idle after their first exchange.
// One that goes on is kept for as long as it goes by the book. As soon as it does
// anything out of the ordinary, or gets long, a Flow is made and these segments
// are given to it: nothing that a Flow finds is lost.
type nursery struct {
	nascents slab[nascent]
	courses  slab[course]
	blocks   slab[block] // the segments of those on a course
	segments slab[brief] // the others'
	payloads payloads
	halfOpen nascentList // without an answer to the SYN and to the SYN-ACK: oldest first
	open     nascentList
	over     nascentList // ended by the book, waiting for stragglers
}

// nascent is a connection that began with a SYN.
type nascent struct {
	client, server decode.Endpoint
	encap          decode.Encap
	hash           uint64
	id, ordinal    uint64
	overAt         uint64     // packets of the capture when it ended
	first, last    uint32     // of its segments, until it has a course
	begin, end     uint32     // the first and the last of its payloads
	prev, next     uint32     // in its list
	expected       [2]fsm.Seq // by side: the number after what it sent
	course         uint32     // its place; 0 while it has none
	held           uint8      // segments
	answered       bool       // by a SYN-ACK
	open           bool       // which the client acknowledged: in the list open
}

const (
	// mostHeld is how many segments a nascent connection has at most, whatever they
	// are: its handshake, one exchange and the acknowledgments of that.
	mostHeld = 8
	// mostByBook is how many it has at most while it goes by the book; they take as
	// much memory as a Flow.
	mostByBook = 40
)

// nascentList is a queue of nascent connections, oldest first.
type nascentList struct{ head, tail uint32 }

// ordinary reports whether a brief can hold all of the packet, which ends nothing.
func ordinary(p *decode.Packet) bool {
	return p.Segment.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && fitsBrief(p)
}

// opens reports whether a nascent connection can begin with the packet.
func opens(p *decode.Packet) bool {
	return p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && p.Segment.Len == 0 && p.Src != p.Dst && ordinary(p)
}

// add begins a connection and returns its place.
func (y *nursery) add(hash, id uint64, p *decode.Packet) (i uint32) {
	i = y.nascents.take()
	n := y.nascents.at(i)
	n.client, n.server, n.encap, n.hash, n.id, n.ordinal = p.Src, p.Dst, p.Encap, hash, id, p.Ordinal
	y.push(&y.halfOpen, i)
	y.append(n, y.brief(p, fsm.Client), p)
	return i
}

// hold takes a connection's next segment, if there is room for it and it needs no
// Flow. packets is how many the capture had at the latest tick.
func (y *nursery) hold(i uint32, p *decode.Packet, packets uint64) bool {
	n := y.nascents.at(i)
	from := fsm.Client
	if !same(&p.Src, &n.client) {
		from = fsm.Server
	}
	if n.course != 0 || n.held == mostHeld || p.Segment.Flags&fsm.FIN != 0 {
		return y.follow(i, n, p, from, packets)
	}
	if !ordinary(p) || !n.goesOn(&p.Segment, from) {
		return false
	}
	if from == fsm.Client && n.answered && !n.open && p.Segment.Flags&fsm.SYN == 0 {
		n.open = true
		y.move(i, &y.halfOpen, &y.open)
	}
	y.append(n, y.brief(p, from), p)
	return true
}

// goesOn reports whether the segment is what may come next.
func (n *nascent) goesOn(s *fsm.Segment, from fsm.Side) bool {
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN: // another attempt, or a crossing one, is not
		return from == fsm.Client && s.Len == 0 && s.Seq+1 == n.expected[from]
	case fsm.SYN | fsm.ACK:
		if from != fsm.Server || s.Len > 0 || n.answered && s.Seq+1 != n.expected[from] {
			return false
		}
		n.answered = true
		return true
	case fsm.ACK:
		return n.answered && (s.Len == 0 || s.Seq == n.expected[from])
	}
	return false
}

// follow takes a segment that goes by the book on a connection that has done so
// from its start.
func (y *nursery) follow(i uint32, n *nascent, p *decode.Packet, from fsm.Side, packets uint64) bool {
	if n.held == mostByBook || !fitsBrief(p) || n.course == 0 && !y.study(n) {
		return false
	}
	c := y.courses.at(n.course)
	b := y.place(c, n.held)
	b.write(p, from)
	if !c.take(from, b) {
		return false
	}
	y.note(n, b, p)
	if c.stage == ended {
		n.overAt = packets
		y.move(i, &y.open, &y.over)
	}
	return true
}

// study gives a connection that went by the book so far its course.
func (y *nursery) study(n *nascent) bool {
	if !n.open {
		return false
	}
	place := y.courses.take()
	c := y.courses.at(place)
	k := uint8(0)
	for i := n.first; i != 0; k++ {
		b := y.segments.at(i)
		*y.place(c, k) = *b
		if !c.take(b.from(), b) {
			y.abandon(place)
			return false
		}
		if b.payload != 0 {
			c.lanes[b.from()].keep(b.payload)
		}
		i = b.next
	}
	y.drop(n)
	n.course = place
	return true
}

// block is room for some segments on a course.
type block [8]brief

// place returns room for the k-th segment on a course.
func (y *nursery) place(c *course, k uint8) *brief {
	i := &c.blocks[k/uint8(len(block{}))]
	if *i == 0 {
		*i = y.blocks.takeUsed()
	}
	return &y.blocks.at(*i)[k%uint8(len(block{}))]
}

// drop forgets the segments of a connection without a course.
func (y *nursery) drop(n *nascent) {
	for i := n.first; i != 0; {
		next := y.segments.at(i).next
		y.segments.give(i)
		i = next
	}
}

// abandon forgets a course.
func (y *nursery) abandon(place uint32) {
	for _, i := range y.courses.at(place).blocks {
		if i != 0 {
			y.blocks.give(i)
		}
	}
	y.courses.give(place)
}

// brief makes a brief of the packet, without its payload, and returns its place.
func (y *nursery) brief(p *decode.Packet, from fsm.Side) uint32 {
	place := y.segments.takeUsed()
	y.segments.at(place).write(p, from)
	return place
}

// append adds the packet's brief to the connection's.
func (y *nursery) append(n *nascent, place uint32, p *decode.Packet) {
	if n.held == 0 {
		n.first = place
	} else {
		y.segments.at(n.last).next = place
	}
	n.last = place
	y.note(n, y.segments.at(place), p)
}

// note takes account of a brief that is now the connection's, with the beginning
// of its packet's payload.
func (y *nursery) note(n *nascent, b *brief, p *decode.Packet) {
	n.held++
	if len(p.Payload) > 0 {
		b.payload = y.room(n, b.from())
		copy(y.payloads.at(b.payload).octets[:], p.Payload)
	}
	if space := p.Segment.Space(); space > 0 {
		n.expected[b.from()] = b.seq.Add(space)
	}
}

// room returns a place for a payload of the connection. On a course only the
// latest of each side are kept, which is all that a Flow compares others with.
func (y *nursery) room(n *nascent, from fsm.Side) uint32 {
	if n.course != 0 {
		if old := y.courses.at(n.course).lanes[from].oldest(); old != 0 {
			return old
		}
	}
	i := y.payloads.take()
	if n.begin == 0 {
		n.begin = i
	} else {
		y.payloads.at(n.end).next = i
	}
	n.end = i
	if n.course != 0 {
		y.courses.at(n.course).lanes[from].keep(i)
	}
	return i
}

func (y *nursery) push(l *nascentList, i uint32) {
	n := y.nascents.at(i)
	n.prev, n.next = l.tail, 0
	if l.tail != 0 {
		y.nascents.at(l.tail).next = i
	} else {
		l.head = i
	}
	l.tail = i
}

func (y *nursery) move(i uint32, from, to *nascentList) {
	y.unlink(i, from)
	y.push(to, i)
}

func (y *nursery) unlink(i uint32, l *nascentList) {
	n := y.nascents.at(i)
	if n.prev != 0 {
		y.nascents.at(n.prev).next = n.next
	} else {
		l.head = n.next
	}
	if n.next != 0 {
		y.nascents.at(n.next).prev = n.prev
	} else {
		l.tail = n.prev
	}
}

// each calls do for the connection's segments, in order.
func (y *nursery) each(n *nascent, do func(*brief)) {
	if n.course != 0 {
		c := y.courses.at(n.course)
		for k := range n.held {
			do(y.place(c, k))
		}
		return
	}
	for i := n.first; i != 0; {
		b := y.segments.at(i)
		i = b.next
		do(b)
	}
}

// syn returns the connection's first segment.
func (y *nursery) syn(n *nascent) *brief {
	if n.course != 0 {
		return y.place(y.courses.at(n.course), 0)
	}
	return y.segments.at(n.first)
}

// list returns the list that a connection is in.
func (y *nursery) list(n *nascent) *nascentList {
	switch {
	case n.course != 0 && y.courses.at(n.course).stage == ended:
		return &y.over
	case n.open:
		return &y.open
	}
	return &y.halfOpen
}

// bury forgets a connection and what it held.
func (y *nursery) bury(i uint32) {
	n := y.nascents.at(i)
	if n.begin != 0 {
		y.payloads.give(n.begin, n.end)
	}
	y.unlink(i, y.list(n))
	if n.course != 0 {
		y.abandon(n.course)
	} else {
		y.drop(n)
	}
	y.nascents.give(i)
}

// bury forgets a connection that has no Flow.
func (t *Table) bury(i uint32) {
	t.index.dropNascent(i)
	t.nursery.bury(i)
}

// grow makes a Flow of a nascent connection and gives it the segments held.
func (t *Table) grow(i uint32) *Flow {
	y := &t.nursery
	n := y.nascents.at(i)
	t.index.dropNascent(i) // its Flow takes the place
	var p decode.Packet
	var f *Flow
	y.each(n, func(b *brief) {
		var data *payload
		if b.payload != 0 {
			data = y.payloads.at(b.payload)
		}
		b.read(&p, n, data)
		if f == nil {
			f = t.start(keyOf(&p), n.hash, &p)
			f.ID, f.Birth = n.id, Birth{Ordinal: n.ordinal}
		}
		t.step(f, &p)
	})
	y.bury(i)
	return f
}
