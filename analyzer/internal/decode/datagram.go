package decode

import (
	"bytes"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// datagram is one being put together from its fragments. It takes memory for the
// octets that came, wherever in the datagram they belong.
type datagram struct {
	key           fragmentKey
	before, after *datagram // in the table's order
	since         fsm.Time
	head          partHead    // once there is a fragment at 0
	pieces        []run       // in order, none of them over another
	frames        []fsm.Frame // of all fragments that came, copies too
	have          int         // octets in all of them
	highest       int         // octet that a fragment claimed, and one more
	total         int         // length, once the last fragment is there; before that 0
	cut           int         // from here on the snap length left gaps
	size          int         // memory that it takes
	refused       bool        // RFC 5722: an overlap spoilt it, all its fragments are ignored
}

// run is octets that follow each other.
type run struct {
	start, end int
	octets     []byte // as far as captured
}

// What a datagram and each of its pieces take beside the octets, about.
const (
	datagramSize = 256
	pieceSize    = 48
	frameSize    = 8
)

// at returns the index of the first piece that ends behind an octet.
func (g *datagram) at(octet int) int {
	if n := len(g.pieces); n == 0 || g.pieces[n-1].end <= octet { // fragments mostly come in order
		return n
	}
	i, _ := slices.BinarySearchFunc(g.pieces, octet+1, func(x run, end int) int { return x.end - end })
	return i
}

// holds reports whether all octets of a fragment are there, the same.
func (g *datagram) holds(p *part) bool {
	at := p.start
	for i := g.at(at); at < p.end; i++ {
		if i == len(g.pieces) || g.pieces[i].start > at {
			return false
		}
		x := &g.pieces[i]
		to := min(x.end, p.end)
		ours, theirs := between(x.octets, at-x.start, to-x.start), between(p.octets, at-p.start, to-p.start)
		n := min(len(ours), len(theirs))
		if !bytes.Equal(ours[:n], theirs[:n]) {
			return false
		}
		at = to
	}
	return !p.last || g.total == p.end
}

// between returns the octets from one place to another, as far as they are there.
func between(octets []byte, from, to int) []byte {
	return octets[min(from, len(octets)):min(to, len(octets))]
}

// overlaps reports whether any octet of a fragment was claimed before.
func (g *datagram) overlaps(p *part) bool {
	i := g.at(p.start)
	return i < len(g.pieces) && g.pieces[i].start < p.end
}

// insert fills the gaps that a fragment can fill, and returns how much more memory
// that takes. What was seen first stays.
func (g *datagram) insert(p *part) (more int) {
	for i, at := g.at(p.start), p.start; at < p.end; {
		to := p.end
		if i < len(g.pieces) {
			if x := &g.pieces[i]; x.start <= at {
				at = x.end
				i++
				continue
			}
			to = min(to, g.pieces[i].start)
		}
		octets := between(p.octets, at-p.start, to-p.start)
		if i > 0 && g.pieces[i-1].takes(at) {
			more += g.pieces[i-1].extend(to, octets)
		} else {
			g.pieces = slices.Insert(g.pieces, i, run{at, to, bytes.Clone(octets)})
			more += pieceSize + cap(g.pieces[i].octets)
			i++
		}
		g.have += to - at
		at = to
	}
	g.highest = max(g.highest, p.end)
	if p.last {
		g.total = p.end
	}
	if p.start == 0 && g.head.headerLen == 0 {
		g.head = p.head
	}
	if captured := p.start + len(p.octets); captured < p.end {
		g.cut = min(g.cut, captured)
	}
	g.size += more
	return more
}

// takes reports whether octets at a place can be put right behind the piece.
func (x *run) takes(at int) bool { return x.end == at && x.start+len(x.octets) == at }

// extend adds octets behind a piece, and returns how much more memory that takes.
func (x *run) extend(to int, octets []byte) (more int) {
	before := cap(x.octets)
	x.octets = append(x.octets, octets...)
	x.end = to
	return cap(x.octets) - before
}

// whole returns the octets of a datagram that is complete, up to the first that was
// not captured.
func (g *datagram) whole() []byte {
	all := make([]byte, min(g.cut, g.total))
	for i := range g.pieces {
		if x := &g.pieces[i]; x.start < len(all) {
			copy(all[x.start:], x.octets)
		}
	}
	return all
}

// complete reports whether no octet is missing.
func (g *datagram) complete() bool { return g.total != 0 && g.have == g.total }

// misplaces reports whether a fragment lies beyond the datagram's end, or claims
// another one.
func (g *datagram) misplaces(p *part) bool {
	return g.total != 0 && p.end > g.total || p.last && (g.total != 0 || g.highest > p.end)
}
