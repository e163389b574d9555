// Package copies finds packets that a capture holds twice: taken by a mirror
// port, on a bridge, on several interfaces of one host, or delivered twice by
// the network. It looks at whole packets and knows no connections.
package dedup

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Finder remembers the latest packets, so that a second copy of one is
// recognized even when a whole burst lies between the two. It is a table of fixed
// size: a packet displaces the oldest of its bucket.
type Finder struct {
	buckets        [1 << bucketBits][bucketSize]fingerprint // latest print first; a bucket is one line of the processor's cache
	otherInterface bool                                     // copies have come on another interface
}

// With a hundred packets between two sights of one, four later ones share its
// bucket once in 10⁸ cases; with single slots it would be one packet in 160.
const (
	bucketBits = 12
	bucketSize = 4
)

// print is a fingerprint of a packet: all that two captures of one packet share.
type fingerprint struct {
	time   fsm.Time
	hash   uint32 // of addresses, identification, the TCP header, and the sum of the data; other bits of it chose the bucket
	iface  uint16
	ttl    uint8
	copied bool // its copy has come
}

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

// Look says what the packet is to those before it, and remembers it. A
// retransmission is a new IP packet, so its identification differs and it is no
// copy; where there is none to compare, its timestamp tells, or nothing does.
func (f *Finder) Classify(p *decode.Packet) decode.Copy {
	whole := hash(p)
	bucket, h := &f.buckets[whole>>(64-bucketBits)], uint32(whole)
	iface := uint16(p.Interface*0x9e37 ^ p.LinkIndex)
	kind, place := decode.NoCopy, bucketSize-1
	for i := range bucket {
		if bucket[i].hash == h {
			kind, place = bucket[i].compare(p, iface), i
			break
		}
	}
	switch {
	case kind == decode.CapturedTwice:
		bucket[place].copied = true
		f.otherInterface = f.otherInterface || bucket[place].iface != iface
		return kind
	case kind == decode.PerhapsTwice && f.otherInterface && p.Segment.Space() == 0:
		kind = decode.NoCopy // copies show another interface here, so ACKs were repeated
	}
	for i := place; i > 0; i-- {
		bucket[i] = bucket[i-1]
	}
	latest := &bucket[0]
	latest.time, latest.hash, latest.iface, latest.ttl, latest.copied = p.Time, h, iface, p.TTL, kind == decode.PerhapsTwice
	return kind
}

// compare decides about a packet with the same fingerprint; an identification is
// part of that.
func (o *fingerprint) compare(p *decode.Packet, iface uint16) decode.Copy {
	dt := p.Time - o.time
	if dt < 0 {
		dt = -dt
	}
	hasTS := p.Segment.Opts&fsm.OptTimestamps != 0
	takes := p.Segment.Space() > 0
	otherIface := o.iface != iface
	switch {
	case otherIface && p.TTL == o.ttl-1 && dt <= forwardDelay:
		return decode.CapturedTwice
	case (p.HasIPID || otherIface && p.TTL == o.ttl) && dt <= copyDelay:
		return decode.CapturedTwice
	case p.HasIPID && dt <= copyLife:
		return decode.DeliveredTwice
	case p.HasIPID || otherIface:
		return decode.NoCopy
	case dt <= copyDelayBlind && !o.copied:
		return decode.PerhapsTwice
	case hasTS && dt <= copyLife && (takes || dt > timestampTick):
		return decode.DeliveredTwice // sent again, it would carry a later timestamp
	}
	return decode.NoCopy
}

// hash mixes all that two captures of one packet share into one number.
func hash(p *decode.Packet) uint64 {
	s := &p.Segment
	h := mix(uint64(s.Seq)<<32 | uint64(s.Ack))
	h = mix(h ^ (uint64(p.Src.Port)<<48 | uint64(p.Dst.Port)<<32 | uint64(s.Flags)<<16 | uint64(s.Window)))
	h = mix(h ^ (uint64(s.TSVal)<<32 | uint64(s.TSEcr)))
	h = mix(h ^ (uint64(s.Len)<<32 | uint64(s.Urgent)<<16 | uint64(p.PayloadSum)) ^ uint64(s.Opts)<<20)
	if s.NumSACK > 0 {
		h = mix(h ^ (uint64(s.SACK[0].From)<<32 | uint64(s.SACK[0].To)))
	}
	if p.HasIPID {
		h = mix(h ^ uint64(p.IPID)<<8) // repeated ACKs differ in nothing else
	}
	return mix(h ^ hostBytes(&p.Src.IP) ^ hostBytes(&p.Dst.IP)<<32 ^ uint64(p.Encap)<<16)
}

// hostBits returns the low octets of an address, where hosts differ.
func hostBytes(ip *[16]byte) uint64 {
	return uint64(ip[12])<<24 | uint64(ip[13])<<16 | uint64(ip[14])<<8 | uint64(ip[15])
}

func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}
