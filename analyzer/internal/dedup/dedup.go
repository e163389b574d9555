// Package dedup finds packets that a capture holds twice: taken by a mirror
// port, on a bridge, on several interfaces of one host, or delivered twice by
// the network. It looks at whole packets and knows no connections. Below stand decode
// and fsm.
package dedup

import (
	"encoding/binary"
	"math/bits"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Finder remembers the latest packets, so that a second copy of one is
// recognized even when a whole burst lies between the two. It is a table of fixed
// size: a packet displaces the oldest of its bucket.
type Finder struct {
	buckets        [1 << bucketBits][bucketSize]fingerprint // latest first; a bucket is one line of the processor's cache
	mirrors        [numPaths]mirror                         // by what differs between a packet and its copy
	hosts          hosts
	otherInterface bool // copies have come on another interface
}

// With a hundred packets between two captures of one, four later ones share its
// bucket once in 10⁸ cases; with one fingerprint a bucket it would be one packet in 160.
const (
	bucketBits = 12
	bucketSize = 4
)

// fingerprint is all that two captures of one packet share, and where it was
// captured.
type fingerprint struct {
	time  uint32 // see ticks
	hash  uint32 // of addresses, identification, the TCP header, and the sum of the data; other bits of it chose the bucket
	iface uint16 // hashed
	link  uint16 // the frame's addresses, hashed
	encap uint16
	ttl   uint8
	state copyState
}

// copyState is what is known of a packet's copies.
type copyState uint8

const (
	copied copyState = 1 << iota // its copy has come
	used                         // the entry is one
)

// ticks is a time in units of 256 ns, modulo 18 minutes.
func ticks(t fsm.Time) uint32 { return uint32(t >> tickBits) }

const tickBits = 8

const (
	// A mirror port or a second interface delivers its copy within this time.
	copyDelay = 20_000_000
	// A router may hold a packet for longer between two of its interfaces; the
	// copy then shows another interface and a TTL that is one lower.
	forwardDelay = fsm.Second
	// Without an IPv4 identification a packet like an earlier one may be its copy
	// this soon; what its connection shows decides.
	copyDelayBlind = 1_000_000
	// Timestamp clocks tick at least this often (RFC 7323 §5.4 allows slower
	// ones, which are not in use).
	timestampTick = 10_000_000
	// Identifications come round again, but not this soon.
	copyLife = 30 * fsm.Second
)

// Classify says what the packet is to those before it, and remembers it. A
// retransmission is a new IP packet, so its identification differs and it is no
// copy; where there is none to compare, its timestamp tells, or nothing does. A
// copy that shows another encapsulation is given that of the first.
func (f *Finder) Classify(p *decode.Packet) decode.Copy {
	whole := hash(p)
	bucket, now := &f.buckets[whole>>(64-bucketBits)], fingerprintOf(p, whole)
	hasID := p.HasIPID && f.hosts.counts(p, uint32(whole))
	p.Path = now.place()
	kind, place := decode.NoCopy, bucketSize-1
	for i := range bucket {
		if bucket[i].hash == now.hash && bucket[i].state&used != 0 {
			kind, place = f.compare(&bucket[i], &now, p, hasID), i
			break
		}
	}
	switch {
	case kind == decode.CapturedTwice:
		o := &bucket[place]
		o.state |= copied
		p.CopyPath = o.place()
		f.otherInterface = f.otherInterface || o.iface != now.iface
		if o.encap != now.encap { // beyond 16 bits two look alike, and stay what they are
			p.Encap = decode.Encap(o.encap)
		}
		return kind
	case kind == decode.PerhapsTwice && f.otherInterface && p.Segment.Space() == 0:
		kind = decode.NoCopy // copies show another interface here, so ACKs were repeated
	}
	if kind == decode.PerhapsTwice {
		now.state |= copied
	}
	copy(bucket[1:place+1], bucket[:place])
	bucket[0] = now
	return kind
}

func fingerprintOf(p *decode.Packet, whole uint64) fingerprint {
	return fingerprint{
		time: ticks(p.Time), hash: uint32(whole),
		iface: uint16(p.Interface*0x9e37 ^ p.LinkIndex), link: uint16(mix(p.LinkSrc^bits.RotateLeft64(p.LinkDst, 24)) >> 48),
		encap: uint16(min(p.Encap, 1<<16-1)), ttl: p.TTL, state: used,
	}
}

// place is a number for where the packet was captured: the interface and the frame's
// addresses, or the TTL where the capture shows neither.
func (o *fingerprint) place() uint16 {
	n := o.iface ^ o.link
	if n == 0 {
		n = uint16(o.ttl) << 8
	}
	return max(n, 1)
}

// since returns the time between two packets, whichever came first.
func (o *fingerprint) since(now *fingerprint) fsm.Time {
	d := now.time - o.time
	return fsm.Time(min(d, -d)) << tickBits
}

// compare decides about a packet with the same fingerprint as o; an identification
// is part of that.
func (f *Finder) compare(o, now *fingerprint, p *decode.Packet, hasID bool) decode.Copy {
	dt := o.since(now)
	hasTS := p.Segment.Opts&fsm.OptTimestamps != 0
	takes := p.Segment.Space() > 0
	path := pathOf(o, now)
	switch {
	case path&pathEncap != 0 && o.encap == 1<<16-1:
		return decode.NoCopy // not to be told
	case o.state&copied == 0 && f.mirrors[path].explains(dt):
		return decode.CapturedTwice
	case path&(pathInterface|pathLink) != 0 && now.ttl == o.ttl-1 && dt <= forwardDelay:
		return decode.CapturedTwice // forwarded
	case (hasID || path&pathInterface != 0 && path&pathTTL == 0) && dt <= copyDelay:
		return decode.CapturedTwice
	case path&pathEncap != 0:
		return decode.NoCopy
	case hasID && dt <= copyLife:
		return decode.DeliveredTwice
	case hasID || path&pathInterface != 0:
		return decode.NoCopy
	case dt <= copyDelayBlind && o.state&copied == 0:
		return decode.PerhapsTwice
	case hasTS && dt <= copyLife && (takes || dt > timestampTick):
		return decode.PerhapsDelivered // retransmitted, it would carry a later timestamp
	case takes && dt <= copyDelay:
		return decode.PerhapsDelivered // perhaps sooner than its sender can have a reason to repeat it
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
	for i := range s.NumSACK {
		h = mix(h ^ (uint64(s.SACK[i].From)<<32 | uint64(s.SACK[i].To)))
	}
	if p.HasIPID {
		h = mix(h ^ uint64(p.IPID)<<8) // repeated ACKs differ in nothing else
	}
	return mix(h ^ address(&p.Src.IP) ^ bits.RotateLeft64(address(&p.Dst.IP), 32) ^ uint64(p.FlowLabel)<<12)
}

// address mixes all of an address: where a router translates IPv6 prefixes (RFC 6296) two
// differ in nothing but that, and the checksum of the segment is the same.
func address(ip *[16]byte) uint64 {
	return binary.BigEndian.Uint64(ip[8:]) ^ binary.LittleEndian.Uint64(ip[:8])*0x9e3779b97f4a7c15
}

func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}
