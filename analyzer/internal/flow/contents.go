package flow

import (
	"bytes"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// contents remembers the latest data segments of one direction to notice the
// same numbers with other bytes.
type contents struct {
	last [ComparedSegments]content
	pos  uint8
}

// content is one segment's data: the sum over all of it, and its beginning.
type content struct {
	frame  fsm.Frame
	seq    fsm.Seq
	len    uint32
	sum    uint16
	hasSum bool
	ttl    uint8
	kept   uint8
	begin  [ComparedBytes]byte
}

// ComparedSegments is how many of a direction's latest data segments are compared
// with those that come after them.
const ComparedSegments = 4

// ComparedBytes is how much of a segment's data is kept to compare segments whose
// boundaries differ.
const ComparedBytes = 32

// differs returns what carried some of the segment's numbers with other bytes,
// or nil. Two segments of the same numbers are compared as a whole, by their
// sums: equal sums prove nothing, different sums do. Where the boundaries differ,
// the bytes kept are compared.
func (c *contents) differs(p *decode.Packet) *content {
	if c == nil || p.Checksum == decode.ChecksumBad {
		return nil
	}
	s := &p.Segment
	seq := firstDataSeq(s)
	for i := range c.last {
		o := &c.last[i]
		if o.frame == 0 {
			continue
		}
		if o.seq == seq && o.len == s.Len && o.hasSum && p.HasPayloadSum {
			if o.sum != p.PayloadSum {
				return o
			}
			continue
		}
		if !o.agrees(seq, p.Payload) {
			return o
		}
	}
	return nil
}

// agrees compares the bytes kept with those of data, which begins at seq, where
// the two overlap.
func (o *content) agrees(seq fsm.Seq, data []byte) bool {
	kept := o.begin[:o.kept]
	switch d := int64(seq.Minus(o.seq)); { // int64: the lowest int32 has no opposite
	case d >= int64(len(kept)), -d >= int64(len(data)):
		return true // no number in common
	case d >= 0:
		kept = kept[d:]
	default:
		data = data[-d:]
	}
	n := min(len(kept), len(data))
	return bytes.Equal(kept[:n], data[:n])
}

func (d *Direction) noteContent(p *decode.Packet) {
	if len(p.Payload) == 0 || p.Checksum == decode.ChecksumBad {
		return
	}
	if d.contents == nil {
		d.contents = new(contents)
	}
	c := d.contents
	o := &c.last[c.pos]
	o.frame, o.seq, o.len, o.sum, o.hasSum, o.ttl = p.Frame, firstDataSeq(&p.Segment), p.Segment.Len, p.PayloadSum, p.HasPayloadSum, p.TTL
	o.kept = uint8(copy(o.begin[:], p.Payload))
	c.pos = (c.pos + 1) % uint8(len(c.last))
}

// forget makes room for another connection's data.
func (c *contents) forget() {
	for i := range c.last {
		c.last[i].frame = 0
	}
	c.pos = 0
}

// firstDataSeq returns the number of the segment's first byte of data, which a SYN
// precedes.
func firstDataSeq(s *fsm.Segment) fsm.Seq {
	if s.Flags&fsm.SYN != 0 {
		return s.Seq + 1
	}
	return s.Seq
}
