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
type embryonicStore struct {
	conns    arena[embryonic]
	clean    arena[cleanConn]
	blocks   arena[block]         // the segments of those on a course
	segments arena[packedSegment] // the others'
	payloads payloadArena
	halfOpen embryonicQueue // without an answer to the SYN and to the SYN-ACK: oldest first
	open     embryonicQueue
	over     embryonicQueue // ended by the book, waiting for stragglers
}

// nascent is a connection that began with a SYN.
type embryonic struct {
	client, server decode.Endpoint
	encap          decode.Encap
	hash           uint64
	id, ordinal    uint64
	overAt         uint64     // packets of the capture when it ended
	first, last    uint32     // of its segments, until it has a course
	begin, end     uint32     // the first and the last of its payloads
	prev, next     uint32     // in its list
	expected       [2]fsm.Seq // by side: the number after what it sent
	clean          uint32     // its place; 0 while it has none
	held           uint8      // segments
	answered       bool       // by a SYN-ACK
	open           bool       // which the client acknowledged: in the list open
}

const (
	// mostHeld is how many segments a nascent connection has at most, whatever they
	// are: its handshake, one exchange and the acknowledgments of that.
	maxEmbryonic = 8
	// mostByBook is how many it has at most while it goes by the book; they take as
	// much memory as a Flow.
	maxFastPath = 40
)

// nascentList is a queue of nascent connections, oldest first.
type embryonicQueue struct{ head, tail uint32 }

// ordinary reports whether a brief can hold all of the packet, which ends nothing.
func ordinary(p *decode.Packet) bool {
	return p.Segment.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && fitsPacked(p)
}

// opens reports whether a nascent connection can begin with the packet.
func opens(p *decode.Packet) bool {
	return p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && p.Segment.Len == 0 && p.Src != p.Dst && ordinary(p)
}

// add begins a connection and returns its place.
func (y *embryonicStore) add(hash, id uint64, p *decode.Packet) (i uint32) {
	i = y.conns.take()
	n := y.conns.at(i)
	n.client, n.server, n.encap, n.hash, n.id, n.ordinal = p.Src, p.Dst, p.Encap, hash, id, p.Ordinal
	y.push(&y.halfOpen, i)
	y.append(n, y.pack(p, fsm.Client), p)
	return i
}

// hold takes a connection's next segment, if there is room for it and it needs no
// Flow. packets is how many the capture had at the latest tick.
func (y *embryonicStore) hold(i uint32, p *decode.Packet, packets uint64) bool {
	n := y.conns.at(i)
	from := fsm.Client
	if !same(&p.Src, &n.client) {
		from = fsm.Server
	}
	if n.clean != 0 || n.held == maxEmbryonic || p.Segment.Flags&fsm.FIN != 0 {
		return y.followFastPath(i, n, p, from, packets)
	}
	if !ordinary(p) || !n.goesOn(&p.Segment, from) {
		return false
	}
	if from == fsm.Client && n.answered && !n.open && p.Segment.Flags&fsm.SYN == 0 {
		n.open = true
		y.move(i, &y.halfOpen, &y.open)
	}
	y.append(n, y.pack(p, from), p)
	return true
}

// goesOn reports whether the segment is what may come next.
func (n *embryonic) goesOn(s *fsm.Segment, from fsm.Side) bool {
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
func (y *embryonicStore) followFastPath(i uint32, n *embryonic, p *decode.Packet, from fsm.Side, packets uint64) bool {
	if n.held == maxFastPath || !fitsPacked(p) || n.clean == 0 && !y.startFastPath(n) {
		return false
	}
	c := y.clean.at(n.clean)
	b := y.segment(c, n.held)
	b.pack(p, from)
	if !c.accepts(from, b) {
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
func (y *embryonicStore) startFastPath(n *embryonic) bool {
	if !n.open {
		return false
	}
	place := y.clean.take()
	c := y.clean.at(place)
	k := uint8(0)
	for i := n.first; i != 0; k++ {
		b := y.segments.at(i)
		*y.segment(c, k) = *b
		if !c.accepts(b.from(), b) {
			y.releaseClean(place)
			return false
		}
		if b.payload != 0 {
			c.halves[b.from()].keepPayload(b.payload)
		}
		i = b.next
	}
	y.releaseSegments(n)
	n.clean = place
	return true
}

// block is room for some segments on a course.
type block [8]packedSegment

// place returns room for the k-th segment on a course.
func (y *embryonicStore) segment(c *cleanConn, k uint8) *packedSegment {
	i := &c.blocks[k/uint8(len(block{}))]
	if *i == 0 {
		*i = y.blocks.takeUsed()
	}
	return &y.blocks.at(*i)[k%uint8(len(block{}))]
}

// drop forgets the segments of a connection without a course.
func (y *embryonicStore) releaseSegments(n *embryonic) {
	for i := n.first; i != 0; {
		next := y.segments.at(i).next
		y.segments.release(i)
		i = next
	}
}

// abandon forgets a course.
func (y *embryonicStore) releaseClean(place uint32) {
	for _, i := range y.clean.at(place).blocks {
		if i != 0 {
			y.blocks.release(i)
		}
	}
	y.clean.release(place)
}

// brief makes a brief of the packet, without its payload, and returns its place.
func (y *embryonicStore) pack(p *decode.Packet, from fsm.Side) uint32 {
	place := y.segments.takeUsed()
	y.segments.at(place).pack(p, from)
	return place
}

// append adds the packet's brief to the connection's.
func (y *embryonicStore) append(n *embryonic, place uint32, p *decode.Packet) {
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
func (y *embryonicStore) note(n *embryonic, b *packedSegment, p *decode.Packet) {
	n.held++
	if len(p.Payload) > 0 {
		b.payload = y.payloadPlace(n, b.from())
		copy(y.payloads.at(b.payload).bytes[:], p.Payload)
	}
	if space := p.Segment.Space(); space > 0 {
		n.expected[b.from()] = b.seq.Add(space)
	}
}

// room returns a place for a payload of the connection. On a course only the
// latest of each side are kept, which is all that a Flow compares others with.
func (y *embryonicStore) payloadPlace(n *embryonic, from fsm.Side) uint32 {
	if n.clean != 0 {
		if old := y.clean.at(n.clean).halves[from].oldestPayload(); old != 0 {
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
	if n.clean != 0 {
		y.clean.at(n.clean).halves[from].keepPayload(i)
	}
	return i
}

func (y *embryonicStore) push(l *embryonicQueue, i uint32) {
	n := y.conns.at(i)
	n.prev, n.next = l.tail, 0
	if l.tail != 0 {
		y.conns.at(l.tail).next = i
	} else {
		l.head = i
	}
	l.tail = i
}

func (y *embryonicStore) move(i uint32, from, to *embryonicQueue) {
	y.unlink(i, from)
	y.push(to, i)
}

func (y *embryonicStore) unlink(i uint32, l *embryonicQueue) {
	n := y.conns.at(i)
	if n.prev != 0 {
		y.conns.at(n.prev).next = n.next
	} else {
		l.head = n.next
	}
	if n.next != 0 {
		y.conns.at(n.next).prev = n.prev
	} else {
		l.tail = n.prev
	}
}

// each calls do for the connection's segments, in order.
func (y *embryonicStore) each(n *embryonic, do func(*packedSegment)) {
	if n.clean != 0 {
		c := y.clean.at(n.clean)
		for k := range n.held {
			do(y.segment(c, k))
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
func (y *embryonicStore) syn(n *embryonic) *packedSegment {
	if n.clean != 0 {
		return y.segment(y.clean.at(n.clean), 0)
	}
	return y.segments.at(n.first)
}

// list returns the list that a connection is in.
func (y *embryonicStore) queue(n *embryonic) *embryonicQueue {
	switch {
	case n.clean != 0 && y.clean.at(n.clean).stage == ended:
		return &y.over
	case n.open:
		return &y.open
	}
	return &y.halfOpen
}

// bury forgets a connection and what it held.
func (y *embryonicStore) remove(i uint32) {
	n := y.conns.at(i)
	if n.begin != 0 {
		y.payloads.release(n.begin, n.end)
	}
	y.unlink(i, y.queue(n))
	if n.clean != 0 {
		y.releaseClean(n.clean)
	} else {
		y.releaseSegments(n)
	}
	y.conns.release(i)
}

// bury forgets a connection that has no Flow.
func (t *Table) removeEmbryonic(i uint32) {
	t.index.removeEmbryonic(i)
	t.embryonic.remove(i)
}

// grow makes a Flow of a nascent connection and gives it the segments held.
func (t *Table) promote(i uint32) *Flow {
	y := &t.embryonic
	n := y.conns.at(i)
	t.index.removeEmbryonic(i) // its Flow takes the place
	var p decode.Packet
	var f *Flow
	y.each(n, func(b *packedSegment) {
		var data *payload
		if b.payload != 0 {
			data = y.payloads.at(b.payload)
		}
		b.unpack(&p, n, data)
		if f == nil {
			f = t.start(keyOf(&p), n.hash, &p)
			f.ID, f.Birth = n.id, Birth{Ordinal: n.ordinal}
		}
		t.step(f, &p)
	})
	y.remove(i)
	return f
}
