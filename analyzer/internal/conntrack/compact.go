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
	conns  arena[compactConn]
	cells  cellArena        // their segments
	clean  arena[cleanConn] // what is known of those on the fast path
	again  arena[again]     // of those whose key was used before, or may be used again
	opened openConn         // the latest that was looked at

	reader  segmentReader // of who reads one connection and nothing else meanwhile
	player  *player       // of who plays one
	writing writing
	packed  packedSegment            // the one under way
	more    segmentMore              // of it
	attempt flow.PreviousIncarnation // room for endOfAttempt

	justParked bool                            // a SYN was, for who follows Wireshark's streams
	previous   arena[flow.PreviousIncarnation] // of connections that are not the first of their key
	beside     map[uint32][]besideICMP         // ICMP errors, by the connection's place
	halfOpen   compactQueue                    // one side has not been heard of yet: oldest first
	open       compactQueue
	over       compactQueue // ended, waiting for stragglers
}

// compactConn is a connection that is kept as packed segments. It is two lines of the
// processor's cache; what finds it is in the first.
type compactConn struct {
	client, server decode.Endpoint
	encap          decode.Encap
	prev, next     uint32     // in its queue
	first, last    uint32     // of its cells
	expected       [2]fsm.Seq // by side: the number after what it sent

	began       fsm.Time  // time and frame of its first segment
	firstFrame  fsm.Frame //
	latest      fsm.Time  // of its latest segment
	id, ordinal uint64
	mark        int64     // see looked and overAt
	clean       uint32    // place of its cleanConn, on the fast path; 0 while it is embryonic
	again       uint32    // place of what is known of others of its key; 0 for none
	path        [2]uint16 // by side: decode.Packet.Path of its first segment; 0 while there is none
	held        uint8     // segments
	numCells    uint8
	used        uint8 // bytes of the last of them
	state       connState
}

// connState is what is yes or no of a compact connection, and how it is passed.
type connState uint8

const (
	hasBegun    connState = 1 << iota // with a SYN, so more may follow
	hasAnswer                         // a SYN-ACK
	isOpen                            // both sides are past the handshake: in the queue open
	isOver                            // embryonic and ended: in the queue over
	hasRejects                        // there are ICMP errors beside it
	isIdle                            // embryonic still, and its keepalives are held
	passedShift = iota                // what the passes of Table.Look do with it stands from here on
)

func (n *compactConn) is(s connState) bool { return n.state&s != 0 }

func (n *compactConn) set(s connState, yes bool) {
	n.state &^= s
	if yes {
		n.state |= s
	}
}

func (n *compactConn) passing() passing { return passing(n.state >> passedShift) }

func (n *compactConn) pass(how passing) {
	n.state = n.state&(1<<passedShift-1) | connState(how)<<passedShift
}

// looked is, while it is open, the time of its latest segment when it was last to go.
func (n *compactConn) looked() fsm.Time { return fsm.Time(n.mark) }

func (n *compactConn) look() { n.mark = int64(n.latest) }

// overAt is, when it is over, how many packets the capture had then.
func (n *compactConn) overAt() uint64 { return uint64(n.mark) }

func (n *compactConn) end(packets uint64) { n.mark = int64(packets) }

const (
	// maxEmbryonic is how many segments an embryonic connection has at most: its
	// handshake, one exchange and the acknowledgments of that.
	maxEmbryonic = 8
	// maxFastPath is how many one on the fast path has at most, or one that idles; they
	// take nearly as much memory as a Flow.
	maxFastPath = 64
)

// compactQueue is a queue of compact connections, oldest first.
type compactQueue struct{ head, tail uint32 }

// beginsCompact reports whether a compact connection can begin with the packet.
func beginsCompact(p *decode.Packet) bool {
	return p.Src != p.Dst && packable(p) && p.Copy == decode.NoCopy && !p.Undelivered
}

// add begins a connection and returns its place.
func (y *compactStore) add(id uint64, p *decode.Packet, packets uint64) (i uint32) {
	i = y.conns.take()
	n := y.conns.at(i)
	n.client, n.server, n.encap, n.id, n.ordinal, n.began, n.firstFrame = p.Src, p.Dst, p.Encap, id, p.Ordinal, p.Time, p.Frame
	from := fsm.Client
	if !flow.FromClient(p) {
		from, n.client, n.server = fsm.Server, p.Dst, p.Src
	}
	n.path[from] = p.Path
	y.append(n, p, from)
	n.look()
	n.begins(p.Segment.Flags)
	if n.is(isOver) {
		n.end(packets)
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
		n.set(isOver, true)
	case f&fsm.ACK != 0:
		n.set(isOpen, f&(fsm.SYN|fsm.FIN) != fsm.SYN)
	default:
		n.set(hasBegun, f&(fsm.FIN|fsm.URG) == 0)
	}
}

// hold takes a connection's next segment, if it can stay compact with it.
// packets is how many the capture had at the latest tick; room says that there is some
// for the fast path.
func (y *compactStore) hold(i uint32, p *decode.Packet, packets uint64, room bool) bool {
	n := y.conns.at(i)
	if n.is(hasRejects) || y.hasParked(n) || p.Time < n.latest {
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
	case n.is(isIdle) || n.clean == 0 && n.isKeepalive(&p.Segment, from):
		return y.holdIdle(n, p, from)
	case n.clean != 0 || n.held == maxEmbryonic || p.Segment.Flags&fsm.FIN != 0:
		return y.followFastPath(i, n, p, from, packets, room)
	case !n.is(hasBegun) || n.is(isOver) || !plain(p) || p.Segment.Flags&fsm.URG != 0:
		return false
	case p.Segment.Flags&fsm.RST != 0:
		return y.holdRST(i, n, p, from, packets)
	case p.Segment.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) != 0 || !n.goesOn(p, from):
		return false
	}
	opens := from == fsm.Client && n.is(hasAnswer) && !n.is(isOpen) && p.Segment.Flags&fsm.SYN == 0
	y.append(n, p, from)
	if opens {
		n.set(isOpen, true)
		n.look()
		y.move(i, &y.halfOpen, &y.open)
	}
	return true
}

// holdCopy takes a frame that was captured twice, which no state depends on.
func (y *compactStore) holdCopy(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64) bool {
	sure := p.Copy == decode.CapturedTwice || p.Copy == decode.PerhapsTwice && n.held == 1 && p.Segment.Space() > 0
	if opensAnew(&p.Segment) && (n.is(isOver) || p.Segment.Seq != y.firstSYN(n)) {
		return false // a SYN of an earlier connection may come again as well
	}
	if !sure || n.clean != 0 || n.held >= maxEmbryonic || !packable(p) || p.Undelivered {
		return false
	}
	expected := n.expected
	y.append(n, p, from)
	n.expected = expected
	if n.is(isOver) {
		y.endEmbryonic(i, n, packets)
	}
	return true
}

// holdRST takes a RST that ends an attempt: the server refuses it, or the client, who
// had its answer, wanted no more.
func (y *compactStore) holdRST(i uint32, n *compactConn, p *decode.Packet, from fsm.Side, packets uint64) bool {
	s := &p.Segment
	refused := from == fsm.Server && !n.is(hasAnswer) && s.Flags&fsm.ACK != 0 && s.Ack == n.expected[fsm.Client]
	given := from == fsm.Client && n.is(hasAnswer) && !n.is(isOpen) && s.Seq == n.expected[fsm.Client]
	if s.Flags&^(fsm.RST|fsm.ACK|fsm.PSH) != 0 || s.Len > 0 || !refused && !given {
		return false
	}
	n.place(p, from)
	y.append(n, p, from)
	y.endEmbryonic(i, n, packets)
	return true
}

// endEmbryonic puts a connection at the end of those that are over.
func (y *compactStore) endEmbryonic(i uint32, n *compactConn, packets uint64) {
	y.unlink(i, y.queue(n))
	n.set(isOver, true)
	n.end(packets)
	y.push(&y.over, i)
}

// goesOn reports whether the segment is what may come next.
func (n *compactConn) goesOn(p *decode.Packet, from fsm.Side) bool {
	s := &p.Segment
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN: // another attempt, or a crossing one, is not; once it was answered elsewhere it may be another leg's
		return from == fsm.Client && s.End() == n.expected[from] && !n.is(isOpen) && (!n.is(hasAnswer) || p.Path == n.path[from])
	case fsm.SYN | fsm.ACK:
		if from != fsm.Server || s.Len > 0 || n.is(hasAnswer) && s.Seq+1 != n.expected[from] {
			return false
		}
		n.set(hasAnswer, true)
		n.place(p, from)
		return true
	case fsm.ACK:
		return n.is(hasAnswer) && (s.Len == 0 || s.Seq == n.expected[from])
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

// pack packs the packet.
func (y *compactStore) pack(n *compactConn, p *decode.Packet, from fsm.Side) *packedSegment {
	b := &y.packed
	b.pack(p, from)
	if needsMore(p) || p.Copy != decode.NoCopy && opensAnew(&p.Segment) && p.Path != n.path[from] {
		b.rare |= rareMore
		y.more.pack(p)
	}
	return b
}

// append adds the packet to the connection's.
func (y *compactStore) append(n *compactConn, p *decode.Packet, from fsm.Side) {
	y.note(n, y.pack(n, p, from), p)
}

// note adds the packed packet to the connection's, with the beginning of its payload.
func (y *compactStore) note(n *compactConn, b *packedSegment, p *decode.Packet) {
	y.writing.store(b, n, &y.more, p.Payload)
	y.write(n, y.writing.bytes[:y.writing.n])
	n.held++
	n.latest = b.time
	if n.passing() == quiet {
		n.pass(ordinary)
	}
	if space := p.Segment.Space(); space > 0 {
		n.expected[b.from()] = b.seq.Add(space)
	}
}

// write puts the bytes of a segment behind those of the connection's others.
func (y *compactStore) write(n *compactConn, bytes []byte) {
	for len(bytes) > 0 {
		if n.numCells == 0 || n.used == cellBytes {
			i := y.cells.take()
			y.cells.at(i).next = 0
			if n.numCells == 0 {
				n.first = i
			} else {
				y.cells.at(n.last).next = i
			}
			n.last, n.used = i, 0
			n.numCells++
		}
		k := copy(y.cells.at(n.last).bytes[n.used:], bytes)
		n.used += uint8(k)
		bytes = bytes[k:]
	}
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

// read returns what reads the segments of a connection. It is valid until the next call.
func (y *compactStore) read(n *compactConn) *segmentReader {
	y.reader.begin(y, n)
	return &y.reader
}

// firstSegment returns the connection's first segment, which is valid as long.
func (y *compactStore) firstSegment(n *compactConn) *packedSegment {
	r := y.read(n)
	r.read()
	return &r.packedSegment
}

// queue returns the queue that a connection is in.
func (y *compactStore) queue(n *compactConn) *compactQueue {
	switch {
	case n.is(isOver) || n.clean != 0 && y.clean.at(n.clean).isOver():
		return &y.over
	case n.is(isOpen):
		return &y.open
	}
	return &y.halfOpen
}

// remove forgets a connection and what it held.
func (y *compactStore) remove(i uint32) {
	n := y.conns.at(i)
	y.cells.release(n.first, int(n.numCells))
	y.dropAgain(n)
	y.unlink(i, y.queue(n))
	if n.clean != 0 {
		y.clean.release(n.clean)
	}
	if n.is(hasRejects) {
		delete(y.beside, i)
	}
	n.held = 0 // to who goes over all places
	y.conns.release(i)
}

// removeCompact forgets a compact connection. At the end of a capture, where nothing is
// looked up any more and no memory needed, it only counts it: of millions the half of the
// time would go to waiting for what is to be forgotten. Only where keys are used again is
// there another connection to come, which needs the memory of the one before.
func (t *Table) removeCompact(i uint32) {
	if t.rest.listed && t.compact.conns.at(i).again == 0 {
		t.index.at.n--
		return
	}
	t.index.removeCompact(i)
	t.compact.remove(i)
}

// player has the segments of a connection played again as packets.
type player struct {
	segmentReader
	p decode.Packet
}

// play returns one that is ready, which done gives back.
func (y *compactStore) play(n *compactConn) *player {
	r := y.player
	if y.player = nil; r == nil {
		r = new(player)
	}
	r.begin(y, n)
	return r
}

func (y *compactStore) done(r *player) { y.player = r }

// step reads the next packet, and reports whether there was one.
func (r *player) step() bool {
	if !r.read() {
		return false
	}
	r.unpack(&r.p)
	return true
}

// promote makes a conn of a compact connection that goes on. If it gets no segment now, its
// turn is to be kept.
func (t *Table) promote(i uint32) *conn {
	overAt := t.compact.conns.at(i).overAt()
	c := t.whole(i)
	if c.queue == &t.over {
		c.overAt = overAt
	}
	return c
}

// whole makes a conn of a compact connection and gives it the segments held.
func (t *Table) whole(i uint32) *conn {
	y := &t.compact
	n := y.conns.at(i)
	var latest uint32
	if n.encap != 0 {
		latest = t.index.latest(n)
	}
	t.index.removeCompact(i) // its conn takes the place
	var c *conn
	r := y.play(n)
	for r.step() {
		p := &r.p
		if c == nil {
			c = t.start(keyOf(p), t.index.hashOf(n), p, nil)
			c.ID, c.birth, c.path = n.id, Birth{Ordinal: n.ordinal}, n.path
			c.Incarnation, c.Previous = y.incarnation(n), y.previousOf(n)
			c.aside = n.passing() == aside
			if n.encap != 0 && latest != i { // another has begun since
				t.index.tag(latest, &n.client, &n.server)
			}
		}
		if r.rare&rareCopy != 0 && opensAnew(&p.Segment) && c.synTwice == nil {
			c.synTwice = withoutPayload(p)
		}
		t.step(c, p)
	}
	y.done(r)
	if n.is(hasRejects) {
		t.eachBeside(i, n, c.AddICMP)
	}
	if y.hasParked(n) {
		y.giveParked(n, c)
	}
	y.remove(i)
	return c
}
