package pipeline

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// streamCount numbers connections as Wireshark does (tcp.stream), for as long as that is
// certain. Its numbers are one more than Wireshark's; 0 is none.
type streamCount struct {
	n      uint64
	doubt  bool                 // what begins from here on has no number
	held   map[fsm.Frame]uint64 // the numbers of SYNs that may begin a connection yet
	events []conntrack.StreamEvent
	next   int
}

// gather takes the batch's events, in the order of the capture.
func (c *streamCount) gather(b *batch) {
	c.events, c.next = c.events[:0], 0
	for s := range b.shards {
		c.events = append(c.events, b.shards[s].streams...)
	}
	slices.SortStableFunc(c.events, func(x, y conntrack.StreamEvent) int { return cmp.Compare(x.Ordinal, y.Ordinal) })
}

// upTo takes the events before a packet into account.
func (c *streamCount) upTo(ordinal uint64) {
	for ; c.next < len(c.events) && c.events[c.next].Ordinal < ordinal; c.next++ {
		switch e := &c.events[c.next]; {
		case e.Dropped:
			delete(c.held, e.Held)
		case e.Doubt:
			c.doubt = true
		default:
			c.n++
			if e.Held != 0 && !c.doubt {
				if c.held == nil {
					c.held = make(map[fsm.Frame]uint64)
				}
				c.held[e.Held] = c.n
			}
		}
	}
}

// of returns the number of a connection that begins, or 0.
func (c *streamCount) of(b *conntrack.Birth) uint64 {
	c.upTo(b.Ordinal)
	switch b.Stream {
	case conntrack.StreamHeld:
		n := c.held[b.Held]
		delete(c.held, b.Held)
		return n
	case conntrack.StreamNone:
		return 0
	case conntrack.StreamDoubt:
		c.doubt = true
	}
	if c.doubt {
		return 0
	}
	c.n++
	return c.n
}

// streamDoubts tells from which packet on Wireshark may see other segments than we do.
type streamDoubts struct {
	doubt  bool
	latest fsm.Frame
	plain  []uint8 // by Encap: whether there is no tunnel in it; 0 for not looked up yet
}

// arrive takes a packet into account before it is decoded: it has to be the next of the one
// file.
func (d *streamDoubts) arrive(f fsm.Frame) {
	d.doubt = d.doubt || f.File() != 0 || f.Number() != d.latest.Number()+1
	d.latest = f
}

// skipped takes the reason for which a packet yields no segment into account.
func (d *streamDoubts) skipped(r decode.Reason) {
	switch r {
	case decode.NotIP, decode.NotTCP, decode.Fragment, decode.UnknownLinkType, decode.ICMPErrorMessage:
	default:
		d.doubt = true
	}
}

// of reports whether a segment, or one before it, is in doubt.
func (d *streamDoubts) of(p *decode.Packet, names decode.EncapNames) bool {
	if p.Encap != 0 && !d.doubt {
		for int(p.Encap) >= len(d.plain) {
			d.plain = append(d.plain, 0)
		}
		if d.plain[p.Encap] == 0 {
			d.plain[p.Encap] = 1
			if onlyVLANs(names.Name(p.Encap)) {
				d.plain[p.Encap] = 2
			}
		}
		d.doubt = d.plain[p.Encap] == 1
	}
	// Of a VNC connection what follows its greeting is another stream to Wireshark.
	const greeting = "RFB 003.008\n"
	d.doubt = d.doubt || p.Labels != 0 || p.FirstOnly ||
		p.Segment.Len == uint32(len(greeting)) && bytes.HasPrefix(p.Payload, []byte(greeting[:4]))
	return d.doubt
}

// onlyVLANs reports whether an encapsulation is nothing but tags, inside which everyone
// looks.
func onlyVLANs(name string) bool {
	for word := range strings.FieldsSeq(name) {
		if word != "vlan" && strings.Trim(word, "0123456789.,/") != "" {
			return false
		}
	}
	return true
}
