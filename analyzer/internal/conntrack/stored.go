package conntrack

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The segments of a compact connection are kept one behind the other as bytes, in a chain of
// cells. What is nothing takes no room, and times and frames are kept as differences from the
// connection's first, in as many bytes as they need: whatever a field holds is kept whole.
//
// A stored segment begins with a word that says what follows, and with what every segment
// has:
//
//	packedBits 16 · width of the time 2 · of the frame 2 · of the length 2 · options 2 ·
//	acknowledgment, TSval, TSecr, MSS and scale, sum, TOS, data, rare things: 1 each
//
// A SYN with the usual options takes 21 bytes, the ACK of a handshake some 32, a request some
// 70, with its first 32.

// Where the parts of that word begin, and its flags.
const (
	storedTime   = 16
	storedFrame  = 18
	storedLength = 20
	storedOpts   = 22

	storedAck   uint32 = 1 << 24
	storedTSVal uint32 = 1 << 25
	storedTSEcr uint32 = 1 << 26
	storedMSS   uint32 = 1 << 27
	storedSum   uint32 = 1 << 28
	storedTOS   uint32 = 1 << 29
	storedKept  uint32 = 1 << 30
	storedRare  uint32 = 1 << 31 // what is rare, and headers of more than 255 bytes
)

// The widths that a number may have, in bytes.
type widths [4]uint8

var (
	timeWidths   = widths{0, 4, 6, 8}
	frameWidths  = widths{0, 2, 4, 8}
	lengthWidths = widths{0, 1, 2, 4}
)

// code returns which width a number fits in.
func (w *widths) code(v uint64) (code uint32) {
	for v>>(8*w[code]) != 0 {
		code++
	}
	return code
}

// The sets of options that are kept as a code; the codes 0 and 3 are none and any other.
const (
	onlyTimestamps = fsm.OptTimestamps
	usualOfSYN     = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps
)

const (
	storedSeq      = 10       // where the sequence number stands
	storedFixed    = 14       // bytes of what every segment has
	storedMoreMost = 14 + 4*8 // bytes of a segmentMore
	storedMost     = storedFixed + 8 + 8 + 4 + 4 + 4 + 4 + 4 + 3 + 2 + 1 + 2 + storedMoreMost + 1 + 4 + flow.ComparedBytes

	storedMessage = 1 << 7 // beside the number of bytes kept: the size of the message that they begin follows
)

// writing is room for a segment on its way to the cells. A number is written as eight bytes,
// whatever its width.
type writing struct {
	n     int
	bytes [storedMost + 8]byte
}

// put writes a number at a place and returns the place behind it.
func (w *writing) put(at int, v uint64, width uint8) int {
	binary.LittleEndian.PutUint64(w.bytes[at:], v)
	return at + int(width)
}

// store writes the segment of a connection, of which more is kept if it is rareMore, with
// the beginning of its data.
func (w *writing) store(b *packedSegment, n *compactConn, more *segmentMore, data []byte) {
	word, at := uint32(b.bits), storedFixed
	if time := uint64(b.time - n.began); time != 0 {
		code := timeWidths.code(time)
		word |= code << storedTime
		at = w.put(at, time, timeWidths[code])
	}
	if frame := uint64(b.frame - n.firstFrame); frame != 0 {
		code := frameWidths.code(frame)
		word |= code << storedFrame
		at = w.put(at, frame, frameWidths[code])
	}
	if b.length != 0 {
		code := lengthWidths.code(uint64(b.length))
		word |= code << storedLength
		at = w.put(at, uint64(b.length), lengthWidths[code])
	}
	switch b.opts {
	case 0:
	case onlyTimestamps:
		word |= 1 << storedOpts
	case usualOfSYN:
		word |= 2 << storedOpts
	default:
		word |= 3 << storedOpts
		at = w.put(at, uint64(b.opts), 4)
	}
	if b.ack != 0 {
		word |= storedAck
		at = w.put(at, uint64(b.ack), 4)
	}
	if b.tsVal != 0 {
		word |= storedTSVal
		at = w.put(at, uint64(b.tsVal), 4)
	}
	if b.tsEcr != 0 {
		word |= storedTSEcr
		at = w.put(at, uint64(b.tsEcr), 4)
	}
	if v := uint64(b.mss) | uint64(b.scale)<<16; v != 0 {
		word |= storedMSS
		at = w.put(at, v, 3)
	}
	if b.sum != 0 {
		word |= storedSum
		at = w.put(at, uint64(b.sum), 2)
	}
	if b.tos != 0 {
		word |= storedTOS
		at = w.put(at, uint64(b.tos), 1)
	}
	if v := uint64(b.rare) | uint64(b.headers>>8)<<8; v != 0 {
		word |= storedRare
		at = w.put(at, v, 2)
		if b.rare&rareMore != 0 {
			at = w.putMore(at, more)
		}
	}
	if b.kept > 0 {
		word |= storedKept
		if b.message == 0 {
			at = w.put(at, uint64(b.kept), 1)
		} else {
			at = w.put(at, uint64(b.kept)|storedMessage|uint64(b.message)<<8, 5)
		}
		at += copy(w.bytes[at:], data[:b.kept])
	}
	w.n = at
	binary.LittleEndian.PutUint64(w.bytes[:], uint64(word)|uint64(b.window)<<32|uint64(b.ipID)<<48)
	w.bytes[8], w.bytes[9] = b.ttl, uint8(b.headers)
	binary.LittleEndian.PutUint32(w.bytes[storedSeq:], uint32(b.seq))
}

func (w *writing) putMore(at int, m *segmentMore) int {
	at = w.put(at, uint64(m.cookieLen)|uint64(m.numSACK)<<8|uint64(m.urgent)<<16|uint64(m.path)<<32, 6)
	at = w.put(at, uint64(m.begun)|uint64(m.cut)<<32, 8)
	for i := range min(int(m.numSACK), len(m.sack)) {
		at = w.put(at, uint64(m.sack[i].From)|uint64(m.sack[i].To)<<32, 8)
	}
	return at
}

// segmentReader reads the segments of a connection, in order.
type segmentReader struct {
	packedSegment             // the one that was read
	more          segmentMore // of it, if it is rareMore
	data          []byte      // of it, as far as they are kept; valid until the next one is read

	conn     *compactConn
	cells    *cellArena
	next     uint32 // the cell to be read next
	left     uint8  // segments
	at, have int    // in window
	window   [256]byte
}

// begin makes the reader ready for the segments of a connection.
func (r *segmentReader) begin(y *compactStore, n *compactConn) {
	r.conn, r.cells, r.next, r.left, r.at, r.have = n, &y.cells, n.first, n.held, 0, 0
}

// read reads the next segment, and reports whether there was one.
func (r *segmentReader) read() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	if r.have-r.at < storedMost && r.next != 0 {
		r.fill()
	}
	r.load()
	return true
}

// fill brings what the window has room for.
func (r *segmentReader) fill() {
	if r.at > 0 {
		r.have = copy(r.window[:], r.window[r.at:r.have])
		r.at = 0
	}
	for r.next != 0 && r.have+cellBytes <= len(r.window)-8 {
		c := r.cells.at(r.next)
		*(*[cellBytes]byte)(r.window[r.have:]) = c.bytes
		r.have += cellBytes
		r.next = c.next
	}
}

// get reads a number at a place, after which the next one stands that many bytes farther.
func (r *segmentReader) get(at int, width uint8) uint64 {
	return binary.LittleEndian.Uint64(r.window[at:]) & (1<<(8*width) - 1)
}

// load does the opposite of writing.store.
func (r *segmentReader) load() {
	b, at := &r.packedSegment, r.at
	fixed := r.get(at, 8)
	word := uint32(fixed)
	b.bits, b.window, b.ipID = packedBits(word), uint16(fixed>>32), uint16(fixed>>48)
	v := r.get(at+8, 6)
	b.ttl, b.headers, b.seq = uint8(v), uint16(v>>8&(1<<8-1)), fsm.Seq(v>>16)
	at += storedFixed
	width := timeWidths[word>>storedTime&3]
	b.time = r.conn.began + fsm.Time(r.get(at, width))
	at += int(width)
	width = frameWidths[word>>storedFrame&3]
	b.frame = r.conn.firstFrame + fsm.Frame(r.get(at, width))
	at += int(width)
	width = lengthWidths[word>>storedLength&3]
	b.length = uint32(r.get(at, width))
	at += int(width)
	switch word >> storedOpts & 3 {
	case 0:
		b.opts = 0
	case 1:
		b.opts = onlyTimestamps
	case 2:
		b.opts = usualOfSYN
	default:
		b.opts = fsm.OptionSet(r.get(at, 4))
		at += 4
	}
	b.ack, b.tsVal, b.tsEcr = 0, 0, 0
	if word&storedAck != 0 {
		b.ack = fsm.Seq(r.get(at, 4))
		at += 4
	}
	if word&storedTSVal != 0 {
		b.tsVal = uint32(r.get(at, 4))
		at += 4
	}
	if word&storedTSEcr != 0 {
		b.tsEcr = uint32(r.get(at, 4))
		at += 4
	}
	r.at = r.loadOthers(word, at)
}

// loadOthers does so for what many segments do not have, from a place on, and returns the
// place behind it.
func (r *segmentReader) loadOthers(word uint32, at int) int {
	b := &r.packedSegment
	b.mss, b.scale, b.sum, b.tos, b.rare, b.kept, b.message, r.data = 0, 0, 0, 0, 0, 0, 0, nil
	if word&storedMSS != 0 {
		v := r.get(at, 3)
		b.mss, b.scale = uint16(v), uint8(v>>16)
		at += 3
	}
	if word&storedSum != 0 {
		b.sum = uint16(r.get(at, 2))
		at += 2
	}
	if word&storedTOS != 0 {
		b.tos = uint8(r.get(at, 1))
		at++
	}
	if word&storedRare != 0 {
		v := r.get(at, 2)
		b.rare = packedRare(v)
		b.headers |= uint16(v>>8) << 8
		at += 2
		if b.rare&rareMore != 0 {
			at = r.loadMore(at)
		}
	}
	if word&storedKept != 0 {
		v := r.get(at, 5)
		b.kept = uint8(v) &^ storedMessage
		at++
		if v&storedMessage != 0 {
			b.message = uint32(v >> 8)
			at += 4
		}
		r.data = r.window[at : at+int(b.kept) : at+int(b.kept)]
		at += int(b.kept)
	}
	return at
}

func (r *segmentReader) loadMore(at int) int {
	v := r.get(at, 6)
	m := segmentMore{cookieLen: uint8(v), numSACK: uint8(v >> 8), urgent: uint16(v >> 16), path: uint16(v >> 32)}
	v = r.get(at+6, 8)
	m.begun, m.cut = fsm.OptionSet(v), fsm.OptionSet(v>>32)
	at += 14
	for i := range min(int(m.numSACK), len(m.sack)) {
		v = r.get(at, 8)
		m.sack[i] = fsm.SACKBlock{From: fsm.Seq(v), To: fsm.Seq(v >> 32)}
		at += 8
	}
	r.more = m
	return at
}

// firstSYN returns the number of a connection's first segment if that is a SYN and no
// SYN-ACK, or 0, without a look at anything else of it.
func (y *compactStore) firstSYN(n *compactConn) fsm.Seq {
	c := y.cells.at(n.first)
	if fsm.Flags(binary.LittleEndian.Uint16(c.bytes[:]))&(fsm.SYN|fsm.ACK) != fsm.SYN {
		return 0
	}
	return fsm.Seq(binary.LittleEndian.Uint32(c.bytes[storedSeq:]))
}

// unpack fills in the packet that the segment was.
func (r *segmentReader) unpack(p *decode.Packet) {
	r.packedSegment.unpack(p, r.conn, r.data)
	if r.rare&rareMore != 0 {
		r.more.unpack(p)
	}
}
