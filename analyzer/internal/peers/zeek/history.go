package zeek

import (
	"math"
	"math/bits"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// maxHistory bounds the letters kept. Only repeated SYNs, FINs and RSTs with
// numbers of their own can reach it; letters past it are lost.
const maxHistory = 48

// letterSet says which kinds of letters a side has earned.
type letterSet uint8

const (
	hasSYN letterSet = 1 << iota // S and H are one kind
	hasFIN
	hasRST
	hasData
	hasAck
	hasMulti
)

func (z *State) letter(c byte) {
	if int(z.n) < len(z.letters) {
		z.letters[z.n] = c
		z.n++
	}
}

// sideLetter appends an upper-case letter as it is for the originator and in
// lower case for the responder.
func (z *State) sideLetter(from int, c byte) {
	if from == resp {
		c |= 0x20
	}
	z.letter(c)
}

// once appends a letter if the side has none of its kind yet, and tells whether
// it did.
func (z *State) once(from int, kind letterSet, c byte) bool {
	if z.end[from].seen&kind != 0 {
		return false
	}
	z.end[from].seen |= kind
	z.sideLetter(from, c)
	return true
}

// changed appends a letter that comes again with every new number.
func (z *State) changed(from int, kind letterSet, c byte, last *uint32, rel int64) {
	if !z.once(from, kind, c) && uint32(rel) != *last {
		z.sideLetter(from, c)
	}
	*last = uint32(rel)
}

// noteFlags appends what a segment's flags and data say.
func (z *State) noteFlags(from int, s *fsm.Segment, rel int64) {
	e := &z.end[from]
	control := s.Flags & (fsm.SYN | fsm.FIN | fsm.RST)
	if bits.OnesCount16(uint16(control)) > 1 {
		c := byte('Q')
		if control&(fsm.FIN|fsm.RST) == fsm.FIN|fsm.RST {
			c = 'I'
		}
		z.once(from, hasMulti, c)
		return
	}
	switch {
	case control == fsm.SYN && s.Flags&fsm.ACK != 0:
		z.changed(from, hasSYN, 'H', &e.synSeq, rel)
	case control == fsm.SYN:
		z.changed(from, hasSYN, 'S', &e.synSeq, rel)
	case control == fsm.FIN:
		z.changed(from, hasFIN, 'F', &e.finSeq, rel+int64(s.Len))
	case control == fsm.RST:
		z.changed(from, hasRST, 'R', &e.rstSeq, rel)
	case s.Len > 0:
		z.once(from, hasData, 'D')
	case s.Flags&fsm.ACK != 0:
		z.once(from, hasAck, 'A')
	}
}

// scaled counts an occurrence and appends its letter at the 1st, 10th, 100th
// and so on.
func (z *State) scaled(from int, c byte, count *uint32) {
	if *count == math.MaxUint32 {
		return
	}
	*count++
	for n := *count; ; n /= 10 {
		if n == 1 {
			z.sideLetter(from, c)
			return
		}
		if n%10 != 0 {
			return
		}
	}
}
