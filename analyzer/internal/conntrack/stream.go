package conntrack

import (
	"encoding/binary"
	"math/bits"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Wireshark numbers streams (tcp.stream) from 0, each by the packet that begins it: the
// first between two addresses and ports, whatever it is; and a SYN without ACK whose
// number is another than its sender's first (packet-tcp.c); newer versions also begin one
// with the same SYN again, after a FIN or a RST. Mostly these are our connections. Where they may not be, nothing that
// begins later has a number that is certain.

// StreamStart says how the beginning of a connection counts among Wireshark's streams.
type StreamStart uint8

// The ways.
const (
	StreamStarts StreamStart = iota // it is that of a stream
	StreamHeld                      // its stream began with its SYN, which was held: Birth.Held
	StreamNone                      // Wireshark goes on with the stream before
	StreamDoubt                     // that is not certain
)

// StreamEvent is what else counts among the streams.
type StreamEvent struct {
	Ordinal uint64    // of the packet
	Held    fsm.Frame // a SYN began a stream: this one, which is held
	Dropped bool      // Held came to nothing after all
	Doubt   bool      // what began is not certain
}

// streams follows that for a table.
type streams struct {
	seen   []uint64 // a filter of the addresses and ports seen: none that was is missing
	encap  decode.Encap
	mixed  bool                // there are several encapsulations, which Wireshark does not tell apart
	joined map[uint64]struct{} // hashes of addresses and ports of which several encapsulations may have a connection
	events []StreamEvent

	// Of the connection that is about to begin.
	held   fsm.Frame // its SYN was held
	next   bool      // it follows one of the same key
	beside bool      // it goes on beside one
}

const filterWords = 1 << 12

// maxJoined bounds what is in streams.joined; beyond it no connection has a stream of its own.
const maxJoined = 1 << 12

// note remembers the addresses and ports of a packet, and reports whether they may have
// been seen before.
func (w *streams) note(p *decode.Packet) (seen bool) {
	if w.seen == nil {
		w.seen = make([]uint64, filterWords)
		w.encap = p.Encap
	}
	w.mixed = w.mixed || p.Encap != w.encap
	h := endsHash(&p.Src, &p.Dst)
	seen = true
	for range 3 {
		word, bit := &w.seen[h%filterWords], uint64(1)<<(h>>12&63)
		seen = seen && *word&bit != 0
		*word |= bit
		h = bits.RotateLeft64(h, 23)
	}
	return seen
}

// endsHash is the same for both directions, and in all encapsulations.
func endsHash(a, b *decode.Endpoint) uint64 {
	h := endpointHash(a) + endpointHash(b)
	return (h ^ h>>29) * 0x9e3779b97f4a7c15
}

// join remembers that a connection may be in one stream with another that has its addresses
// and ports, in another encapsulation.
func (w *streams) join(a, b *decode.Endpoint) {
	if w.joined == nil {
		w.joined = make(map[uint64]struct{})
	}
	if len(w.joined) < maxJoined {
		w.joined[endsHash(a, b)] = struct{}{}
	}
}

// alone reports whether a connection's stream, if it has one, has nothing of another
// encapsulation.
func (w *streams) alone(ends *[2]decode.Endpoint) bool {
	if len(w.joined) == 0 {
		return true
	}
	_, joined := w.joined[endsHash(&ends[0], &ends[1])]
	return !joined && len(w.joined) < maxJoined
}

func endpointHash(e *decode.Endpoint) uint64 {
	h := binary.LittleEndian.Uint64(e.IP[:]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(e.IP[8:]), 21) ^ uint64(e.Port)<<24
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>31
}

// start says how a connection that begins with p counts.
func (w *streams) start(p *decode.Packet) (how StreamStart, held fsm.Frame) {
	held, next, beside := w.held, w.next, w.beside
	w.held, w.next, w.beside = 0, false, false
	seen := w.note(p)
	if seen && !next && w.mixed {
		w.join(&p.Src, &p.Dst)
	}
	switch {
	case p.StreamDoubt:
		return StreamDoubt, 0
	case held != 0:
		return StreamHeld, held
	case beside:
		return StreamNone, 0
	case p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
		if seen && !next && w.mixed {
			return StreamDoubt, 0
		}
		return StreamStarts, 0
	case next:
		return StreamNone, 0
	case seen:
		return StreamDoubt, 0
	}
	return StreamStarts, 0
}

// StreamEvents moves the events since the last call to the end of list.
func (t *Table) StreamEvents(list []StreamEvent) []StreamEvent {
	list = append(list, t.streams.events...)
	t.streams.events = t.streams.events[:0]
	return list
}

// noteStream notes that a SYN which is held begins a stream, or that it is in doubt what p does.
func (t *Table) noteStream(p *decode.Packet, held, doubt bool) {
	if !t.opt.Streams {
		return
	}
	e := StreamEvent{Ordinal: t.ordinal, Doubt: doubt || p.StreamDoubt}
	if held {
		e.Held = p.Frame
	}
	t.streams.events = append(t.streams.events, e)
}

// dropStream notes that a SYN which was held begins no connection.
func (t *Table) dropStream(held fsm.Frame) {
	if t.opt.Streams {
		t.streams.events = append(t.streams.events, StreamEvent{Ordinal: t.ordinal, Held: held, Dropped: true})
	}
}

// noteSYNAgain looks whether a SYN of the connection's own number may begin another stream,
// as versions of Wireshark differ about.
func (c *conn) noteSYNAgain(t *Table, p *decode.Packet) {
	for side := range c.Dir {
		if n := &c.Dir[side].Counts; n.RSTs+n.FINs > 0 {
			c.NoStream = true
			t.noteStream(p, false, true)
			return
		}
	}
}
