package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// nursery keeps connections that have just begun as nothing but their first few
// segments: some hundred octets instead of a Flow's kilobytes. A flood of SYNs
// leaves it at that, and so do connections that idle after their first exchange.
// As soon as one goes on, or does anything out of the ordinary, a Flow is made
// and these segments are given to it: nothing that a Flow finds is lost.
type nursery struct {
	at       places
	nascents slab[nascent]
	segments slab[brief]
	payloads slab[[keptOctets]byte]
	halfOpen nascentList // without an answer to the SYN and to the SYN-ACK: oldest first
	open     nascentList
}

// nascent is a connection that began with a SYN.
type nascent struct {
	client, server decode.Endpoint
	hash           uint64
	id, ordinal    uint64
	first, last    uint32     // of its segments
	prev, next     uint32     // in its list
	expected       [2]fsm.Seq // by side: the number after what it sent
	held           uint8      // segments
	answered       bool       // by a SYN-ACK
	open           bool       // which the client acknowledged: in the list open
}

// mostHeld is how many segments a nascent connection has at most: its handshake,
// one exchange and the acknowledgments of that.
const mostHeld = 8

// brief is all that a Flow looks at of an ordinary segment.
type brief struct {
	time         fsm.Time
	frame        fsm.Frame
	next         uint32 // of the same connection
	payload      uint32 // place of the beginning of its data; 0 for none
	seq, ack     fsm.Seq
	length       uint32
	opts         fsm.OptionSet
	tsVal, tsEcr uint32
	ipLen        uint32
	flags        fsm.Flags
	window, mss  uint16
	ipID         uint16
	sum          uint16
	ttl, tos     uint8
	scale        uint8
	checksum     decode.Checksum
	kept         uint8 // octets of payload
	bits         briefBits
}

type briefBits uint8

const (
	briefFromServer briefBits = 1 << iota
	briefIPID
	briefSum
)

// nascentList is a queue of nascent connections, oldest first.
type nascentList struct{ head, tail uint32 }

// ordinary reports whether a brief can hold all of the packet.
func ordinary(p *decode.Packet) bool {
	s := &p.Segment
	return s.Flags&^(fsm.SYN|fsm.ACK|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && s.Urgent == 0 && s.NumSACK == 0 && s.CookieLen == 0 &&
		s.Opts&fsm.OptFastOpen == 0 && p.Copy == decode.NoCopy && p.Checksum <= decode.ChecksumGood &&
		!p.BadHeader && !p.Truncated && !p.Undelivered && p.Encap == 0
}

// opens reports whether a nascent connection can begin with the packet.
func opens(p *decode.Packet) bool {
	return p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && p.Segment.Len == 0 && p.Src != p.Dst && ordinary(p)
}

// find returns the place of the key's connection, or 0.
func (y *nursery) find(hash uint64, key *Key) uint32 {
	if key.Encap != 0 {
		return 0
	}
	return y.at.find(hash, func(i uint32) bool {
		n := y.nascents.at(i)
		return n.client == key.A && n.server == key.B || n.client == key.B && n.server == key.A
	})
}

// add begins a connection.
func (y *nursery) add(hash, id uint64, p *decode.Packet) {
	i := y.nascents.take()
	n := y.nascents.at(i)
	n.client, n.server, n.hash, n.id, n.ordinal = p.Src, p.Dst, hash, id, p.Ordinal
	y.at.put(hash, i)
	y.push(&y.halfOpen, i)
	y.keep(n, p, fsm.Client)
}

// hold takes a connection's next segment, if it is ordinary and there is room.
func (y *nursery) hold(i uint32, p *decode.Packet) bool {
	n := y.nascents.at(i)
	if n.held == mostHeld || !ordinary(p) {
		return false
	}
	s := &p.Segment
	from := fsm.Client
	if p.Src != n.client {
		from = fsm.Server
	}
	switch s.Flags & (fsm.SYN | fsm.ACK) {
	case fsm.SYN:
		if from != fsm.Client || s.Len > 0 || s.Seq+1 != n.expected[from] {
			return false // another attempt, or a crossing one
		}
	case fsm.SYN | fsm.ACK:
		if from != fsm.Server || s.Len > 0 || n.answered && s.Seq+1 != n.expected[from] {
			return false
		}
		n.answered = true
	case fsm.ACK:
		if !n.answered || s.Len > 0 && s.Seq != n.expected[from] {
			return false
		}
		if from == fsm.Client && !n.open {
			n.open = true
			y.unlink(i)
			y.push(&y.open, i)
		}
	default:
		return false
	}
	y.keep(n, p, from)
	return true
}

// keep appends a segment to the connection's.
func (y *nursery) keep(n *nascent, p *decode.Packet, from fsm.Side) {
	s := &p.Segment
	i := y.segments.take()
	b := y.segments.at(i)
	*b = brief{
		time: p.Time, frame: p.Frame, seq: s.Seq, ack: s.Ack, length: s.Len, opts: s.Opts, tsVal: s.TSVal, tsEcr: s.TSEcr,
		ipLen: p.IPLen, flags: s.Flags, window: s.Window, mss: s.MSS, ipID: p.IPID, sum: p.PayloadSum,
		ttl: p.TTL, tos: p.TOS, scale: s.WindowScale, checksum: p.Checksum,
	}
	if from == fsm.Server {
		b.bits |= briefFromServer
	}
	if p.HasIPID {
		b.bits |= briefIPID
	}
	if p.HasPayloadSum {
		b.bits |= briefSum
	}
	if len(p.Payload) > 0 {
		b.payload = y.payloads.take()
		b.kept = uint8(copy(y.payloads.at(b.payload)[:], p.Payload))
	}
	if n.held++; n.held == 1 {
		n.first = i
	} else {
		y.segments.at(n.last).next = i
	}
	n.last = i
	if space := s.Space(); space > 0 {
		n.expected[from] = s.Seq.Add(space)
	}
}

// packet fills in what the brief holds. The payload is valid until the next
// segment is kept.
func (y *nursery) packet(n *nascent, b *brief, p *decode.Packet) {
	*p = decode.Packet{
		Time: b.time, Frame: b.frame, Src: n.client, Dst: n.server, IPLen: b.ipLen,
		IPID: b.ipID, HasIPID: b.bits&briefIPID != 0, TTL: b.ttl, TOS: b.tos, Checksum: b.checksum,
		PayloadSum: b.sum, HasPayloadSum: b.bits&briefSum != 0,
		Segment: fsm.Segment{
			Seq: b.seq, Ack: b.ack, Len: b.length, Flags: b.flags, Window: b.window, Opts: b.opts,
			MSS: b.mss, WindowScale: b.scale, TSVal: b.tsVal, TSEcr: b.tsEcr,
		},
	}
	if b.bits&briefFromServer != 0 {
		p.Src, p.Dst = p.Dst, p.Src
	}
	if b.payload != 0 {
		p.Payload = y.payloads.at(b.payload)[:b.kept]
	}
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

func (y *nursery) unlink(i uint32) {
	n := y.nascents.at(i)
	for _, l := range []*nascentList{&y.halfOpen, &y.open} {
		if l.head == i {
			l.head = n.next
		}
		if l.tail == i {
			l.tail = n.prev
		}
	}
	if n.prev != 0 {
		y.nascents.at(n.prev).next = n.next
	}
	if n.next != 0 {
		y.nascents.at(n.next).prev = n.prev
	}
	n.prev, n.next = 0, 0
}

// bury forgets a connection and what it held.
func (y *nursery) bury(i uint32) {
	for place := y.nascents.at(i).first; place != 0; {
		b := y.segments.at(place)
		if b.payload != 0 {
			y.payloads.give(b.payload)
		}
		y.segments.give(place)
		place = b.next
	}
	y.at.drop(y.nascents.at(i).hash, i)
	y.unlink(i)
	y.nascents.give(i)
}

// grow makes a Flow of a nascent connection and gives it the segments held.
func (t *Table) grow(i uint32) *Flow {
	y := &t.nursery
	n := y.nascents.at(i)
	var p decode.Packet
	var f *Flow
	for place := n.first; place != 0; {
		b := y.segments.at(place)
		y.packet(n, b, &p)
		if f == nil {
			f = t.start(keyOf(&p), n.hash, &p)
			f.ID, f.Birth = n.id, Birth{Ordinal: n.ordinal}
		}
		t.step(f, &p)
		place = b.next
	}
	y.bury(i)
	return f
}
