package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// recentSize is how many segments of a direction are remembered to recognize a
// second copy, or the same numbers with other octets.
const recentSize = 8

// recentSegment is a fingerprint of a segment.
type recentSegment struct {
	time  fsm.Time
	frame fsm.Frame
	print uint64 // everything in the TCP header and a sum of the data
	seq   fsm.Seq
	len   uint32
	sum   uint16
	ipID  uint16
	hasID bool
	iface uint32
	known bool // sum is known
}

func fingerprint(p *decode.Packet) recentSegment {
	s := &p.Segment
	h := uint64(s.Seq)<<32 | uint64(s.Ack)
	h = mix(h ^ (uint64(s.Len)<<32 | uint64(s.Flags)<<16 | uint64(s.Window)))
	h = mix(h ^ (uint64(s.TSVal)<<32 | uint64(s.TSEcr)))
	h = mix(h ^ (uint64(s.Urgent)<<48 | uint64(s.Opts)))
	if s.NumSACK > 0 {
		h = mix(h ^ (uint64(s.SACK[0].From)<<32 | uint64(s.SACK[0].To)))
	}
	return recentSegment{
		time: p.Time, frame: p.Frame, print: h, seq: s.Seq, len: s.Len,
		sum: p.PayloadSum, known: p.HasPayloadSum, ipID: p.IPID, hasID: p.HasIPID,
		iface: p.Interface<<16 ^ p.LinkIndex,
	}
}

func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}

const (
	// A mirror port or a second interface delivers its copy within this time.
	copyDelay = 20_000_000
	// Without an IPv4 identification a copy is believed only this soon: no
	// retransmission timer and no reaction to ACKs is as quick.
	copyDelayBlind = 1_000_000
	// Identifications come round again, but not this soon.
	copyLife = 30 * fsm.Second
)

// copyKind is what a segment is to the ones remembered.
type copyKind uint8

const (
	original    copyKind = iota
	captureCopy          // one frame captured twice
	networkCopy          // one IP packet delivered twice
)

// copyOf reports whether the packet is a second copy of a frame captured just
// before: a mirror port, a bridge, or one host's several interfaces. A
// retransmission is a new IP packet, so its identification differs; where there
// is none to compare, only a copy that carries sequence numbers is believed,
// because identical duplicate ACKs are ordinary.
//
// The same identification long after is the network's doing: a packet that it
// delivered twice.
func (d *Direction) copyOf(r *recentSegment, space uint32) copyKind {
	for i := range d.recent {
		o := &d.recent[i]
		if o.frame == 0 || o.print != r.print || o.sum != r.sum {
			continue
		}
		dt := r.time - o.time
		if dt < 0 {
			dt = -dt
		}
		switch {
		case r.hasID && o.hasID:
			if r.ipID == o.ipID && dt <= copyDelay {
				return captureCopy
			} else if r.ipID == o.ipID && dt <= copyLife {
				return networkCopy
			}
		case r.iface != o.iface && dt <= copyDelay:
			return captureCopy
		case dt <= copyDelayBlind && (space > 0 || d.Doubled > 0):
			return captureCopy
		}
	}
	return original
}

// differs returns the frame that carried the same numbers with other octets, or
// 0. Equal sums prove nothing, different sums do.
func (d *Direction) differs(r *recentSegment) fsm.Frame {
	if !r.known {
		return 0
	}
	for i := range d.recent {
		if o := &d.recent[i]; o.frame != 0 && o.known && o.seq == r.seq && o.len == r.len && o.sum != r.sum {
			return o.frame
		}
	}
	return 0
}

func (d *Direction) noteRecent(r *recentSegment) {
	d.recent[d.recentPos] = *r
	d.recentPos = (d.recentPos + 1) % recentSize
}
