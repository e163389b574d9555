package flow

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// badSums follows the segments of one direction whose checksum was wrong as captured.
// One that the other side acknowledges without its being sent again was not dropped:
// what was captured is not what arrived.
type badSums struct {
	pending []badSum    // not acknowledged yet, nor sent again
	taken   []fsm.Frame // the first that were acknowledged
	total   uint64      // of these
}

type badSum struct {
	seq, end fsm.Seq
	frame    fsm.Frame
}

// maxBadSums bounds how many are followed at once.
const maxBadSums = 8

// checksum counts the segment's checksum and reports whether the receiver must
// have dropped the segment. A direction whose checksums are all wrong was
// captured before its network card filled them in.
func (f *Flow) checksum(p *decode.Packet, d *Direction) (undelivered bool) {
	s := &p.Segment
	if d.badSums != nil && s.Space() > 0 {
		d.badSums.pending = slices.DeleteFunc(d.badSums.pending, func(b badSum) bool { return s.Seq.Before(b.end) && s.End().After(b.seq) })
	}
	switch p.Checksum {
	case decode.ChecksumGood:
		d.GoodChecksums++
	case decode.ChecksumOffload:
		d.Offloaded++
	case decode.ChecksumBad:
		d.BadChecksums++
		if s.Space() > 0 && s.Flags&fsm.RST == 0 {
			d.followBadSum(badSum{s.Seq, s.End(), p.Frame})
		}
		return d.GoodChecksums > d.BadChecksums
	}
	return false
}

func (d *Direction) followBadSum(b badSum) {
	if d.badSums == nil {
		d.badSums = &badSums{}
	}
	if len(d.badSums.pending) < maxBadSums {
		d.badSums.pending = append(d.badSums.pending, b)
	}
}

// acknowledged notes which of the segments an acknowledgment covers.
func (b *badSums) acknowledged(ack fsm.Seq) {
	b.pending = slices.DeleteFunc(b.pending, func(x badSum) bool {
		if !x.end.AtOrBefore(ack) {
			return false
		}
		b.total++
		b.taken = appendFrame(b.taken, x.frame)
		return true
	})
}

// BadChecksumsTaken returns how many of the direction's segments with a wrong checksum
// the other side acknowledged all the same, and the first of their frames.
func (d *Direction) BadChecksumsTaken() (n uint64, first []fsm.Frame) {
	if d.badSums == nil {
		return 0, nil
	}
	return d.badSums.total, d.badSums.taken
}
