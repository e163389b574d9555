// Package zeek describes a connection in Zeek's words: conn_state, history and
// the counts of its conn.log. It follows what Zeek 8 does with default TCP
// settings, its known weak spots included (a FIN counts without its ACK, any
// RST counts, one wild acknowledgement inflates a byte count), because whoever
// reads these words reads them as Zeek's. What this project itself believes of
// a connection is in package fsm.
//
// Three things differ. A connection is never cut in two because time passed.
// Checksums are ignored, as with Zeek's option -C, where the first packet of a
// connection has a wrong one already. And the history never has an X: that is
// for the limits of analyzers above TCP.
package zeek

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Packet is one captured TCP packet of a connection.
type Packet struct {
	From        fsm.Side // as the caller names the sides; need not be Zeek's originator
	SrcPort     uint16
	DstPort     uint16
	Segment     *fsm.Segment // read during the call only
	Time        fsm.Time
	IPLen       uint32 // octets of IP packet, headers included
	BadChecksum bool   // of TCP: Zeek notes such a packet in the history and otherwise drops it
	BadHeader   bool   // the IP header's checksum is wrong: Zeek drops the packet without a word
	Truncated   bool   // the snap length cut the data
}

// State follows one connection. The zero State has seen no packet. It holds no
// pointer but the one to data that arrived ahead of a hole, so an idle
// connection costs its size and nothing more.
type State struct {
	end       [2]endpoint // orig, resp
	ahead     *ahead      // nil until something arrives out of order
	start     fsm.Time    // of the first packet
	last      fsm.Time    // of the last packet that counts for the duration
	missed    uint64      // octets of all content gaps
	letters   [maxHistory]byte
	n         uint8    // letters used
	origin    fsm.Side // the caller's name of the originator
	began     bool
	sums      bool // checksums are believed
	partial   bool // it began without a SYN
	bothEnded bool // both sides closed: the duration stands still
}

// Indexes of State.end.
const (
	orig = 0
	resp = 1
)

// endpoint is what is known of one side. Its numbers count from start, the
// number of its SYN: 1 is its first octet of data.
type endpoint struct {
	start    fsm.Seq
	state    epState
	before   epState // the state before the present one
	closed   bool    // it sent a FIN or an RST that ended its half
	fins     bool    // it sent a FIN, wherever
	seen     letterSet
	last     int64 // the number after the highest it sent
	acked    int64 // the highest number its peer acknowledged
	edge     int64 // every number before it was delivered, or given up as a gap
	fin      int64 // the number after its FIN
	synSeq   uint32
	finSeq   uint32
	rstSeq   uint32
	badSums  uint32
	resent   uint32
	zeroWins uint32
	gaps     uint32
	packets  uint64
	ipOctets uint64
}

// Add takes the connection's next packet. Every captured packet counts, in
// order of capture, copies of a frame included.
func (z *State) Add(p Packet) {
	if !z.began {
		z.begin(&p)
	}
	if z.sums && p.BadHeader {
		return
	}
	from := z.index(p.From)
	if z.sums && p.BadChecksum {
		z.scaled(from, 'C', &z.end[from].badSums)
		return
	}
	s := p.Segment
	if from == resp && z.missingSYN(s) {
		z.flip()
		z.letters[0], z.letters[1], z.n = '^', 'h', 2
		z.end[resp].setState(established)
		from = orig
	}
	e, peer := &z.end[from], &z.end[1-from]
	e.packets++
	e.ipOctets += uint64(p.IPLen)

	space := s.Len
	if s.Flags&fsm.SYN != 0 {
		space++
	}
	if s.Flags&fsm.FIN != 0 {
		space++
	}
	e.begin(s, space)
	rel := e.relative(s.Seq, e.last)
	z.noteFlags(from, s, rel)
	if s.Window == 0 && s.Flags&fsm.RST == 0 && e.state != reset && peer.state != closed {
		z.scaled(from, 'W', &e.zeroWins)
	}
	if !z.bothEnded {
		z.last = p.Time
	}
	if s.Flags&fsm.FIN != 0 {
		e.fins, e.fin = true, rel+int64(space)
	}
	ack := z.noteAck(e, peer, s)
	if e.advance(s, space) {
		z.scaled(from, 'T', &e.resent)
	}
	from = z.step(from, s)
	if s.Flags&fsm.ACK != 0 {
		z.acknowledged(1-from, ack)
	}
	if s.Len > 0 && !p.Truncated {
		if s.Flags&fsm.SYN != 0 {
			rel++
		}
		z.deliver(from, rel, rel+int64(s.Len))
	}
}

func (z *State) begin(p *Packet) {
	z.began = true
	// No network spoils the first packet of many connections: it was captured
	// before its card filled the checksums in, or rewritten afterwards. Whoever
	// gives such a capture to Zeek has it ignore checksums, so that is done here.
	z.sums = !p.BadChecksum && !p.BadHeader
	z.start, z.last = p.Time, p.Time
	z.origin = p.From
	z.end[orig].edge, z.end[resp].edge = 1, 1
	bareSYN := p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN
	z.partial = p.Segment.Flags&fsm.SYN == 0
	// A connection whose SYN was not captured is turned round when only its
	// first sender's port is known for a service.
	if !bareSYN && likelyServer(p.SrcPort) && !likelyServer(p.DstPort) {
		z.origin = p.From.Peer()
		z.letter('^')
	}
}

// index returns the index of the caller's side.
func (z *State) index(side fsm.Side) int {
	if side == z.origin {
		return orig
	}
	return resp
}

// missingSYN reports whether the responder's segment shows that what looked
// like the originator's SYN-ACK answered a SYN that was not captured.
func (z *State) missingSYN(s *fsm.Segment) bool {
	return z.n == 1 && z.letters[0] == 'H' && z.end[resp].state == inactive &&
		s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) == 0 && (s.Len > 0 || s.Flags&fsm.ACK != 0)
}

// flip exchanges the roles.
func (z *State) flip() {
	z.end[orig], z.end[resp] = z.end[resp], z.end[orig]
	z.origin = z.origin.Peer()
	if z.ahead != nil {
		z.ahead.of[orig], z.ahead.of[resp] = z.ahead.of[resp], z.ahead.of[orig]
	}
}

// BelievesChecksums reports whether wrong checksums are taken for transmission
// errors. They are not when the connection's first packet has one already.
func (z *State) BelievesChecksums() bool { return z.sums }
