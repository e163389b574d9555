package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// compactStore keeps connections as nothing but their packed segments: some hundred
// bytes instead of a Flow's kilobytes. Embryonic connections, of which there are a few
// segments only, are kept so whatever these are: a flood of any kind leaves it at that,
// and so do connections that idle after their first exchange. One that goes on is kept
// for as long as it is clean (see cleanConn). As soon as it is not, or gets long, it is
// promoted: a conn is made and given these segments, so that nothing is lost.
type compactStore struct {
	conns    arena[compactConn]
	clean    arena[cleanConn]     // what is known of those on the fast path
	blocks   arena[block]         // the segments of those on the fast path
	segments arena[packedSegment] // the others'
	more     arena[segmentMore]
	opened   openConn // the latest that was looked at

	justParked bool // a SYN was, for who follows Wireshark's streams
	payloads   payloadArena
	previous   arena[flow.PreviousIncarnation] // of connections that are not the first of their key
	beside     map[uint32][]besideICMP         // ICMP errors, by the connection's place
	halfOpen   compactQueue                    // one side has not been heard of yet: oldest first
	open       compactQueue
	over       compactQueue // ended, waiting for stragglers
}

// compactConn is a connection that is kept as packed segments.
type compactConn struct {
	client, server decode.Endpoint
	encap          decode.Encap
	hash           uint64
	id, ordinal    uint64
	overAt         uint64     // packets of the capture when it ended
	looked         fsm.Time   // its latest segment's time when it was last to go
	first, last    uint32     // of its segments, while it is embryonic
	more           uint32     // the latest of its segmentMores
	begin, end     uint32     // the first and the last of its payloads
	prev, next     uint32     // in its queue
	expected       [2]fsm.Seq // by side: the number after what it sent
	clean          uint32     // place of its cleanConn, on the fast path; 0 while it is embryonic
	parked         uint32     // place of a SYN that may open the next connection of the key
	previous       uint32     // place of what it is to know of the one before
	incarnation    uint32     // of the key, from 1
	path           [2]uint16  // by side: decode.Packet.Path of its first segment; 0 while there is none
	held           uint8      // segments
	opened         bool       // it began with a SYN, so more may follow
	answered       bool       // by a SYN-ACK
	open           bool       // both sides are past the handshake: in the queue open
	over           bool       // embryonic and ended: in the queue over
	rejected       bool       // there are ICMP errors beside it
	idles          bool       // embryonic still, and its keepalives are held
	passing        passing    // what the passes of Table.Look do with it
}

const (
	// maxEmbryonic is how many segments an embryonic connection has at most: its
	// handshake, one exchange and the acknowledgments of that.
	maxEmbryonic = 8
	// maxFastPath is how many one on the fast path has at most, or one that idles; they
	// take as much memory as a Flow.
	maxFastPath = 40
)

// compactQueue is a queue of compact connections, oldest first.
type compactQueue struct{ head, tail uint32 }

// beginsCompact reports whether a compact connection can begin with the packet.
func beginsCompact(p *decode.Packet) bool {
	return p.Src != p.Dst && packable(p) && p.Copy == decode.NoCopy && !p.Undelivered
}

// add begins a connection and returns its place.
func (y *compactStore) add(hash, id uint64, p *decode.Packet, packets uint64) (i uint32) {
	i = y.conns.take()
	n := y.conns.at(i)
	n.client, n.server, n.encap, n.hash, n.id, n.ordinal, n.incarnation = p.Src, p.Dst, p.Encap, hash, id, p.Ordinal, 1
	from := fsm.Client
	if !flow.FromClient(p) {
		from, n.client, n.server = fsm.Server, p.Dst, p.Src
	}
	n.path[from] = p.Path
	y.append(n, y.pack(n, p, from), p)
	n.looked = p.Time
	n.begins(p.Segment.Flags)
	if n.over {
		n.overAt = packets
	}
	y.push(y.queue(n), i)
	return i
}

// begins notes where the connection's first segment leaves it, by its flags: a RST ends
// it, and so does what belongs to no connection; whoever acknowledges, and does not
// open, is past the handshake.
func (n *compactConn) begins(f fsm.Flags) {
	switch {
	case f&fsm.RST != 0 || f&(fsm.SYN|fsm.ACK) == 0:
		n.over = true
	case f&fsm.ACK != 0:
		n.open = f&(fsm.SYN|fsm.FIN) != fsm.SYN
	default:
		n.opened = f&(fsm.FIN|fsm.URG) == 0
	}
}

// hold takes a connection's next segment, if it can stay compact with it.
// packets is how many the capture had at the latest tick; room says that there is some
// for the fast path.
func (y *compactStore) hold(i uint32, p *decode.Packet, packets uint64, room bool) bool {
	n := y.conns.at(i)
	if n.rejected || n.parked != 0 {
		return false
	}
	from := fsm.Client
	if !decode.Same(&p.Src, &n.client) {
		from = fsm.Server
	}
	switch {
	case isBareSYN(p) && y.park(n, p, from):
		return true
	case p.Copy != decode.NoCopy:
		return y.holdCopy(i, n, p, from, packets)
	case n.idles || n.clean == 0 && n.isKeepalive(&p.Segment, from):
		return y.holdIdle(n, p, from)
	case n.clean != 0 || n.held == maxEmbryonic || p.Segment.Flags&fsm.FIN != 0:
		return y.followFastPath(i, n, p, from, packets, room)
	case !n.opened || n.over || !plain(p) || p.Segment.Flags&fsm.URG != 0:
		return false
	case p.Segment.Flags&fsm.RST != 0:
		return y.holdRST(i, n, p, from, packets)
	case p.Segment.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) != 0 || !n.goesOn(p, from):
		return false
	}
	if from == fsm.Client && n.answered && !n.open && p.Segment.Flags&fsm.SYN == 0 {
		n.open, n.looked = true, p.Time
		y.move(i, &y.halfOpen, &y.open)
	}
	y.append(n, y.pack(n, p, from), p)
	return true
}

// holdCopy takes a frame that was captured twice, which no state depends on.
func (y *compactStore) holdCopy(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64) bool {
	sure := p.Copy == decode.CapturedTwice || p.Copy == decode.PerhapsTwice && n.held == 1 && p.Segment.Space() > 0
	if !sure || n.over && opensAnew(&p.Segment) || n.clean != 0 || n.held >= maxEmbryonic || !packable(p) || p.Undelivered {
		return false
	}
	expected := n.expected
	y.append(n, y.pack(n, p, from), p)
	n.expected = expected
	if n.over {
		y.endEmbryonic(i, n, packets)
	}
	return true
}

// holdRST takes a RST that ends an attempt: the server refuses it, or the client, who
// had its answer, wanted no more.
func (y *compactStore) holdRST(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64) bool {
	s := &p.Segment
	refused := from == fsm.Server && !n.answered && s.Flags&fsm.ACK != 0 && s.Ack == n.expected[fsm.Client]
	given := from == fsm.Client && n.answered && !n.open && s.Seq == n.expected[fsm.Client]
	if s.Flags&^(fsm.RST|fsm.ACK|fsm.PSH) != 0 || s.Len > 0 || !refused && !given {
		return false
	}
	n.place(p, from)
	y.append(n, y.pack(n, p, from), p)
	y.endEmbryonic(i, n, packets)
	return true
}

// endEmbryonic puts a connection at the end of those that are over.
func (y *compactStore) endEmbryonic(i uint32, n *compactConn, packets uint64) {
	y.unlink(i, y.queue(n))
	n.over, n.overAt = true, packets
	y.push(&y.over, i)
}

// goesOn reports whether the segment is what may come next.
func (n *compactConn) goesOn(p *decode.Packet, from fsm.Side) bool {
	s := &p.Segment
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN: // another attempt, or a crossing one, is not; once it was answered elsewhere it may be another leg's
		return from == fsm.Client && s.End() == n.expected[from] && !n.open && (!n.answered || p.Path == n.path[from])
	case fsm.SYN | fsm.ACK:
		if from != fsm.Server || s.Len > 0 || n.answered && s.Seq+1 != n.expected[from] {
			return false
		}
		n.answered = true
		n.place(p, from)
		return true
	case fsm.ACK:
		return n.answered && (s.Len == 0 || s.Seq == n.expected[from])
	}
	return false
}

// place notes where a side was captured first. As of one that is tracked whole, numbers
// that are not the connection's do not count.
func (n *compactConn) place(p *decode.Packet, from fsm.Side) {
	if n.path[from] == 0 && p.Segment.Ack.Apart(n.expected[from.Peer()]) < foreign {
		n.path[from] = p.Path
	}
}

// releaseSegments forgets the segments of an embryonic connection.
func (y *compactStore) releaseSegments(n *compactConn) {
	for i := n.more; i != 0; {
		next := y.more.at(i).next
		y.more.release(i)
		i = next
	}
	n.more = 0
	for i := n.first; i != 0; {
		next := y.segments.at(i).next
		y.segments.release(i)
		i = next
	}
}

// pack packs the packet, without its payload, as the connection's next, and returns the
// place.
func (y *compactStore) pack(n *compactConn, p *decode.Packet, from fsm.Side) uint32 {
	place := y.segments.takeUsed()
	b := y.segments.at(place)
	b.pack(p, from)
	b.rare = rareOf(p)
	if needsMore(p) || p.Copy != decode.NoCopy && opensAnew(&p.Segment) && p.Path != n.path[from] {
		b.rare |= rareMore
		i := y.more.takeUsed()
		m := y.more.at(i)
		m.pack(p, n.held)
		m.next, n.more = n.more, i
	}
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
	if n.passing == quiet {
		n.passing = ordinary
	}
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

// each calls do for the connection's segments, in order; nth counts them from 0.
func (y *compactStore) each(n *compactConn, do func(nth uint8, b *packedSegment)) {
	if n.clean != 0 {
		c := y.clean.at(n.clean)
		for k := range n.held {
			do(k, y.segment(c, k))
		}
		return
	}
	for i, k := n.first, uint8(0); i != 0; k++ {
		b := y.segments.at(i)
		i = b.next
		do(k, b)
	}
}

// moreOf returns what a segment of an embryonic connection needs room for, or nil.
func (y *compactStore) moreOf(n *compactConn, nth uint8) *segmentMore {
	for i := n.more; i != 0; {
		m := y.more.at(i)
		if m.nth == nth {
			return m
		}
		i = m.next
	}
	return nil
}

// unpack fills in the packet that was packed as the connection's nth.
func (y *compactStore) unpack(n *compactConn, nth uint8, b *packedSegment, p *decode.Packet) {
	var data *payload
	if b.payload != 0 {
		data = y.payloads.at(b.payload)
	}
	b.unpack(p, n, data)
	if b.rare&rareMore != 0 {
		y.moreOf(n, nth).unpack(p, data)
	}
}

// firstSegment returns the connection's first segment.
func (y *compactStore) firstSegment(n *compactConn) *packedSegment {
	if n.clean != 0 {
		return y.segment(y.clean.at(n.clean), 0)
	}
	return y.segments.at(n.first)
}

// lastSegment returns its last.
func (y *compactStore) lastSegment(n *compactConn) *packedSegment {
	if n.clean != 0 {
		return y.segment(y.clean.at(n.clean), n.held-1)
	}
	return y.segments.at(n.last)
}

// queue returns the queue that a connection is in.
func (y *compactStore) queue(n *compactConn) *compactQueue {
	switch {
	case n.over || n.clean != 0 && y.clean.at(n.clean).stage == ended:
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
	if n.parked != 0 {
		y.segments.release(n.parked)
	}
	if n.previous != 0 {
		y.previous.release(n.previous)
	}
	y.unlink(i, y.queue(n))
	if n.clean != 0 {
		y.releaseClean(n.clean)
	} else {
		y.releaseSegments(n)
	}
	if n.rejected {
		delete(y.beside, i)
	}
	n.held = 0 // to who goes over all places
	y.conns.release(i)
}

// removeCompact forgets a compact connection. At the end of a capture, where nothing is
// looked up any more and no memory needed, it only counts it: of millions the half of the
// time would go to waiting for what is to be forgotten.
func (t *Table) removeCompact(i uint32) {
	if t.rest.listed {
		t.index.at.n--
		return
	}
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
	y.each(n, func(nth uint8, b *packedSegment) {
		y.unpack(n, nth, b, &p)
		if c == nil {
			c = t.start(keyOf(&p), n.hash, &p, nil)
			c.ID, c.birth, c.path = n.id, Birth{Ordinal: n.ordinal}, n.path
			c.Incarnation, c.Previous = int(n.incarnation), y.previousOf(n)
			c.aside = n.passing == aside
		}
		if b.rare&rareCopy != 0 && opensAnew(&p.Segment) && c.synTwice == nil {
			c.synTwice = withoutPayload(&p)
		}
		t.step(c, &p)
	})
	if n.rejected {
		t.eachBeside(i, n, c.AddICMP)
	}
	if n.parked != 0 {
		y.giveParked(n, c)
	}
	y.remove(i)
	return c
}
