package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// compactStore keeps connections as nothing but their packed segments: some hundred
// bytes instead of a Flow's kilobytes. Embryonic connections, which have just begun,
// are kept so whatever their few segments are: a flood of SYNs leaves it at that, and
// so do connections that idle after their first exchange. One that goes on is kept for
// as long as it is clean (see cleanConn). As soon as it is not, or gets long, it is
// promoted: a conn is made and given these segments, so that nothing is lost.
type compactStore struct {
	conns    arena[compactConn]
	clean    arena[cleanConn]     // what is known of those on the fast path
	blocks   arena[block]         // the segments of those on the fast path
	segments arena[packedSegment] // the others'
	payloads payloadArena
	halfOpen compactQueue // without an answer to the SYN and to the SYN-ACK: oldest first
	open     compactQueue
	over     compactQueue // clean and ended, waiting for stragglers
}

// compactConn is a connection that began with a SYN and is kept as packed segments.
type compactConn struct {
	client, server decode.Endpoint
	encap          decode.Encap
	hash           uint64
	id, ordinal    uint64
	overAt         uint64     // packets of the capture when it ended
	first, last    uint32     // of its segments, while it is embryonic
	begin, end     uint32     // the first and the last of its payloads
	prev, next     uint32     // in its queue
	expected       [2]fsm.Seq // by side: the number after what it sent
	clean          uint32     // place of its cleanConn, on the fast path; 0 while it is embryonic
	held           uint8      // segments
	answered       bool       // by a SYN-ACK
	open           bool       // which the client acknowledged: in the queue open
}

const (
	// maxEmbryonic is how many segments an embryonic connection has at most: its
	// handshake, one exchange and the acknowledgments of that.
	maxEmbryonic = 8
	// maxFastPath is how many one on the fast path has at most; they take as much memory
	// as a Flow.
	maxFastPath = 40
)

// compactQueue is a queue of compact connections, oldest first.
type compactQueue struct{ head, tail uint32 }

// ordinary reports whether the packet can be packed and ends nothing.
func ordinary(p *decode.Packet) bool {
	return p.Segment.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && packable(p)
}

// beginsCompact reports whether a compact connection can begin with the packet.
func beginsCompact(p *decode.Packet) bool {
	return p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && p.Segment.Len == 0 && p.Src != p.Dst && ordinary(p)
}

// add begins a connection and returns its place.
func (y *compactStore) add(hash, id uint64, p *decode.Packet) (i uint32) {
	i = y.conns.take()
	n := y.conns.at(i)
	n.client, n.server, n.encap, n.hash, n.id, n.ordinal = p.Src, p.Dst, p.Encap, hash, id, p.Ordinal
	y.push(&y.halfOpen, i)
	y.append(n, y.pack(p, fsm.Client), p)
	return i
}

// hold takes a connection's next segment, if it can stay compact with it.
// packets is how many the capture had at the latest tick.
func (y *compactStore) hold(i uint32, p *decode.Packet, packets uint64) bool {
	n := y.conns.at(i)
	from := fsm.Client
	if !decode.Same(&p.Src, &n.client) {
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
func (n *compactConn) goesOn(s *fsm.Segment, from fsm.Side) bool {
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

// releaseSegments forgets the segments of an embryonic connection.
func (y *compactStore) releaseSegments(n *compactConn) {
	for i := n.first; i != 0; {
		next := y.segments.at(i).next
		y.segments.release(i)
		i = next
	}
}

// pack packs the packet, without its payload, and returns the place.
func (y *compactStore) pack(p *decode.Packet, from fsm.Side) uint32 {
	place := y.segments.takeUsed()
	y.segments.at(place).pack(p, from)
	return place
}

// append adds the packed packet to an embryonic connection's.
func (y *compactStore) append(n *compactConn, place uint32, p *decode.Packet) {
	if n.held == 0 {
		n.first = place
	} else {
		y.segments.at(n.last).next = place
	}
	n.last = place
	y.note(n, y.segments.at(place), p)
}

// note takes account of a packed segment that is now the connection's, with the
// beginning of its packet's payload.
func (y *compactStore) note(n *compactConn, b *packedSegment, p *decode.Packet) {
	n.held++
	if len(p.Payload) > 0 {
		b.payload = y.payloadPlace(n, b.from())
		copy(y.payloads.at(b.payload).bytes[:], p.Payload)
	}
	if space := p.Segment.Space(); space > 0 {
		n.expected[b.from()] = b.seq.Add(space)
	}
}

// payloadPlace returns a place for a payload of the connection. On the fast path only
// the latest of each side are kept, which is all that a Flow compares others with.
func (y *compactStore) payloadPlace(n *compactConn, from fsm.Side) uint32 {
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

func (y *compactStore) push(l *compactQueue, i uint32) {
	n := y.conns.at(i)
	n.prev, n.next = l.tail, 0
	if l.tail != 0 {
		y.conns.at(l.tail).next = i
	} else {
		l.head = i
	}
	l.tail = i
}

func (y *compactStore) move(i uint32, from, to *compactQueue) {
	y.unlink(i, from)
	y.push(to, i)
}

func (y *compactStore) unlink(i uint32, l *compactQueue) {
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
func (y *compactStore) each(n *compactConn, do func(*packedSegment)) {
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
func (y *compactStore) syn(n *compactConn) *packedSegment {
	if n.clean != 0 {
		return y.segment(y.clean.at(n.clean), 0)
	}
	return y.segments.at(n.first)
}

// queue returns the queue that a connection is in.
func (y *compactStore) queue(n *compactConn) *compactQueue {
	switch {
	case n.clean != 0 && y.clean.at(n.clean).stage == ended:
		return &y.over
	case n.open:
		return &y.open
	}
	return &y.halfOpen
}

// remove forgets a connection and what it held.
func (y *compactStore) remove(i uint32) {
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

// removeCompact forgets a compact connection.
func (t *Table) removeCompact(i uint32) {
	t.index.removeCompact(i)
	t.compact.remove(i)
}

// promote makes a conn of a compact connection and gives it the segments held.
func (t *Table) promote(i uint32) *conn {
	y := &t.compact
	n := y.conns.at(i)
	t.index.removeCompact(i) // its conn takes the place
	var p decode.Packet
	var c *conn
	y.each(n, func(b *packedSegment) {
		var data *payload
		if b.payload != 0 {
			data = y.payloads.at(b.payload)
		}
		b.unpack(&p, n, data)
		if c == nil {
			c = t.start(keyOf(&p), n.hash, &p)
			c.ID, c.birth = n.id, Birth{Ordinal: n.ordinal}
		}
		t.step(c, &p)
	})
	y.remove(i)
	return c
}
