package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// print is a fingerprint of a packet: all that two captures of one packet share.
type print struct {
	hash  uint64 // addresses, everything in the TCP header, and the sum of the data
	time  fsm.Time
	iface uint32
	ttl   uint8
	hasID bool
	hasTS bool
}

func printOf(p *decode.Packet) print {
	s := &p.Segment
	h := uint64(s.Seq)<<32 | uint64(s.Ack)
	h = mix(h ^ (uint64(p.Src.Port)<<48 | uint64(p.Dst.Port)<<32 | uint64(s.Flags)<<16 | uint64(s.Window)))
	h = mix(h ^ (uint64(s.TSVal)<<32 | uint64(s.TSEcr)))
	h = mix(h ^ (uint64(s.Len)<<32 | uint64(s.Urgent)<<16 | uint64(p.PayloadSum)) ^ uint64(s.Opts)<<20)
	if s.NumSACK > 0 {
		h = mix(h ^ (uint64(s.SACK[0].From)<<32 | uint64(s.SACK[0].To)))
	}
	if p.HasIPID {
		h = mix(h ^ uint64(p.IPID)<<8) // repeated ACKs differ in nothing else
	}
	h = mix(h ^ hostBits(&p.Src.IP) ^ hostBits(&p.Dst.IP)<<32)
	return print{hash: h, time: p.Time, hasID: p.HasIPID, hasTS: s.Opts&fsm.OptTimestamps != 0, ttl: p.TTL, iface: p.Interface<<16 ^ p.LinkIndex}
}

// hostBits returns the low octets of an address, where hosts differ.
func hostBits(ip *[16]byte) uint64 {
	return uint64(ip[12])<<24 | uint64(ip[13])<<16 | uint64(ip[14])<<8 | uint64(ip[15])
}

func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// recent remembers the latest packets of all connections, so that a second copy
// of one is recognized even when a whole burst lies between the two. It is a
// table of fixed size: a packet that lands on another's place displaces it.
type recent struct {
	slots [recentSlots]print
}

const recentSlots = 1 << 15

func (r *recent) slot(p *print) *print { return &r.slots[p.hash>>(64-15)] }

func (r *recent) note(p *print) { *r.slot(p) = *p }

const (
	// A mirror port or a second interface delivers its copy within this time.
	copyDelay = 20_000_000
	// A router may hold a packet for longer between two of its interfaces; the
	// copy then shows another interface and a TTL that is one lower.
	forwardDelay = fsm.Second
	// Without an IPv4 identification a copy is believed only this soon: no
	// retransmission timer and no reaction to ACKs is as quick.
	copyDelayBlind = 1_000_000
	// Timestamp clocks tick at least this often (RFC 7323 §5.4 allows slower
	// ones, which are not in use).
	timestampTick = 10_000_000
	// Identifications come round again, but not this soon.
	copyLife = 30 * fsm.Second
)

// copyKind is what a packet is to an earlier one with the same fingerprint.
type copyKind uint8

const (
	original    copyKind = iota
	captureCopy          // one packet captured twice
	networkCopy          // one packet delivered twice
)

// copyOf reports whether the packet is a second copy of one seen before: taken
// by a mirror port, a bridge, or one host's several interfaces, or delivered
// twice by the network. A retransmission is a new IP packet, so its
// identification differs; where there is none to compare, only a copy that takes
// sequence numbers is believed, because identical duplicate ACKs are ordinary.
// doubles says that copies of the same direction were found before.
func (r *recent) copyOf(p *print, space uint32, doubles bool) copyKind {
	o := r.slot(p)
	if o.hash != p.hash {
		return original
	}
	dt := p.time - o.time
	if dt < 0 {
		dt = -dt
	}
	sameID := p.hasID && o.hasID // and equal, being part of the fingerprint
	switch {
	case o.iface != p.iface && p.ttl == o.ttl-1 && dt <= forwardDelay:
		return captureCopy
	case (sameID || o.iface != p.iface) && dt <= copyDelay:
		return captureCopy
	case sameID && dt <= copyLife:
		return networkCopy
	case !sameID && p.hasTS && dt > timestampTick && dt <= copyLife:
		return networkCopy // sent again, it would carry a later timestamp
	case !sameID && dt <= copyDelayBlind && (space > 0 || doubles):
		return captureCopy
	}
	return original
}

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
		d.contents = &contents{}
	}
	c := d.contents
	c.last[c.pos] = content{frame: p.Frame, seq: p.Segment.Seq, len: p.Segment.Len, sum: p.PayloadSum}
	c.pos = (c.pos + 1) % uint8(len(c.last))
}
