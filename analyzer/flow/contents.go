package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// contents remembers the latest data segments of one direction to notice the
// same numbers with other octets.
type contents struct {
	last [8]content
	pos  uint8
}

type content struct {
	frame fsm.Frame
	seq   fsm.Seq
	len   uint32
	sum   uint16
}

// differs returns the frame that carried the segment's numbers with other
// octets, or 0. Equal sums prove nothing, different sums do.
func (c *contents) differs(p *decode.Packet) fsm.Frame {
	if c == nil || !p.HasPayloadSum {
		return 0
	}
	for i := range c.last {
		if o := &c.last[i]; o.frame != 0 && o.seq == p.Segment.Seq && o.len == p.Segment.Len && o.sum != p.PayloadSum {
			return o.frame
		}
	}
	return 0
}

func (d *Direction) noteContent(p *decode.Packet) {
	if !p.HasPayloadSum {
		return
	}
	if d.contents == nil {
		d.contents = new(contents)
	}
	c := d.contents
	c.last[c.pos] = content{frame: p.Frame, seq: p.Segment.Seq, len: p.Segment.Len, sum: p.PayloadSum}
	c.pos = (c.pos + 1) % uint8(len(c.last))
}
