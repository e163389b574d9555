package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// A capture filter by port keeps of each fragmented packet the first fragment alone, since
// the others have no ports. Where a capture holds first fragments and never another of
// their kind, none will come: they are judged by the headers that they hold.

// firstFragments is what a capture has shown of one kind of fragments.
type firstFragments struct {
	n     uint64 // first ones
	rest  bool   // any other
	alone bool   // they are decoded by themselves
}

// manyFirsts is how many first fragments without any other show that no other comes, where
// nobody looks ahead.
const manyFirsts = 8

// firstKinds are the kinds: by IP version, and UDP apart, since a filter may have a port of
// one protocol and all of the other.
type firstKinds [4]firstFragments

func kindOfFragment(v6 bool, protocol uint8) int {
	kind := 0
	if v6 {
		kind = 2
	}
	if protocol == protoUDP {
		kind++
	}
	return kind
}

// noteFragment takes account of a fragment and reports whether it goes on by itself.
func (d *Decoder) noteFragment(c *cursor, p *Packet, kind, start int, last bool, protocol uint8) bool {
	k := &d.firsts[kind]
	switch {
	case start > 0:
		k.rest, k.alone = true, false
		return false
	case last:
		return false
	}
	k.n++
	d.lastFirst = kind + 1
	if k.alone = k.alone || !d.LooksAhead && !k.rest && k.n > manyFirsts; !k.alone {
		return false
	}
	return openEnd(c, p, protocol)
}

// openEnd lets the cursor go on in a first fragment, and reports whether that is possible:
// where the content tells its own length. That of a segment its fragment does not tell.
func openEnd(c *cursor, p *Packet, protocol uint8) bool {
	switch protocol {
	case protoTCP:
		p.LeastLen = true
	case protoUDP:
		if udpPayload(c) == noHeader || len(c.data) < udpLen {
			return false
		}
		c.wire = max(c.wire, int(binary.BigEndian.Uint16(c.data[4:])))
	case protoIPv4, protoIPv6, protoGRE, protoEtherIP, protoMPLS:
		c.wire = maxDatagram
	default:
		return false
	}
	p.FirstOnly, p.Truncated = true, true
	return true
}

// FirstFragment returns the kind of the first fragment that the latest call of Decode was
// given, and false if it was given none, or decoded it.
func (d *Decoder) FirstFragment() (kind int, ok bool) { return d.lastFirst - 1, d.lastFirst > 0 }

// Together returns the packets of all fragments, of which that given to the latest call of
// Decode is one, that it put together; nil where the packet was whole. It is not to be changed.
func (d *Decoder) Together() []fsm.Frame { return d.together }

// CopiesLatest reports whether the latest call of Decode was given a fragment of the datagram
// that was put together last, once more.
func (d *Decoder) CopiesLatest() bool { return d.fragments.copied }

// DecodeAlone says of the kind that, so far, only first fragments were seen: then these are
// decoded by themselves from now on, and it returns true. Those kept until now are
// forgotten.
func (d *Decoder) DecodeAlone(kind int) bool {
	k := &d.firsts[kind]
	if k.n == 0 || k.rest {
		return false
	}
	k.alone = true
	for g := d.fragments.oldest; g != nil; {
		next := g.after
		if kindOfFragment(g.key.v6, g.head.protocol) == kind {
			d.fragments.remove(g)
		}
		g = next
	}
	return true
}
