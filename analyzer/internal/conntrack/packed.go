package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// packedSegment is all that a Flow looks at of an ordinary segment. It is kept as a
// few bytes: see stored.go.
type packedSegment struct {
	time         fsm.Time
	frame        fsm.Frame
	seq, ack     fsm.Seq
	length       uint32
	message      uint32 // decode.Packet.Message
	opts         fsm.OptionSet
	tsVal, tsEcr uint32
	headers      uint16 // bytes of IP packet that are no data
	window, mss  uint16
	ipID         uint16
	sum          uint16
	bits         packedBits
	ttl, tos     uint8
	scale        uint8
	rare         packedRare
	kept         uint8 // bytes of its data that were captured and are kept
}

// packedBits are the flags of a segment, and what else is yes or no of its packet.
type packedBits uint16

const (
	packedFlags      packedBits = 1<<12 - 1
	packedFromServer packedBits = 1 << 12
	packedIPID       packedBits = 1 << 13
	packedSum        packedBits = 1 << 14 // the sum over its data is known
	packedVerified   packedBits = 1 << 15 // its checksum was verified: good with packedSum, wrong without
)

// packedRare is what is true of few packets.
type packedRare uint8

const (
	rareCopy        packedRare = 1<<3 - 1 // its decode.Copy
	rareTruncated   packedRare = 1 << 3
	rareBadHeader   packedRare = 1 << 4
	rareUndelivered packedRare = 1 << 5
	rareMore        packedRare = 1 << 6 // there is a segmentMore of it
	rareUntimed     packedRare = 1 << 7
)

// segmentMore is what a packedSegment has no room for.
type segmentMore struct {
	cookieLen  uint8
	numSACK    uint8
	urgent     uint16
	path       uint16 // decode.Packet.Path of a SYN's copy that was captured elsewhere
	begun, cut fsm.OptionSet
	sack       [4]fsm.SACKBlock
}

// packable reports whether a packedSegment can hold the packet, with a segmentMore
// perhaps. What it cannot hold no decoder makes.
func packable(p *decode.Packet) bool {
	if p.Segment.Opts&fsm.OptMPTCP != 0 && (p.Segment.Flags&fsm.SYN == 0 || p.MPTCP == nil || *p.MPTCP != offersMPTCP) {
		return false
	}
	if p.FirstOnly || p.Segment.Opts&fsm.OptAccECN != 0 {
		return false
	}
	return p.HasPayloadSum == (p.Checksum == decode.ChecksumGood || p.Checksum == decode.ChecksumOffload) && p.IPLen-p.Segment.Len <= 1<<16-1
}

// offersMPTCP is what a SYN of today says that offers MPTCP. One that joins, or tells a
// key, says more than there is room for.
var offersMPTCP = decode.MPTCP{Has: decode.MPTCPCapable, Version: 1}

// plain reports whether nothing is rare about the packet, so that a packedSegment alone
// holds all of it.
func plain(p *decode.Packet) bool {
	return packable(p) && p.Copy == decode.NoCopy && p.Checksum != decode.ChecksumBad &&
		!p.BadHeader && !p.Truncated && !p.Undelivered && !p.Untimed && !needsMore(p)
}

// needsMore reports whether the packet needs a segmentMore.
func needsMore(p *decode.Packet) bool {
	s := &p.Segment
	return s.Urgent != 0 || s.NumSACK != 0 || s.CookieLen != 0 || p.Begun|p.CutOptions != 0 ||
		min(len(p.Payload), flow.ComparedBytes) != int(min(s.Len, flow.ComparedBytes))
}

// pack fills in what a packedSegment has no room for.
func (m *segmentMore) pack(p *decode.Packet) {
	s := &p.Segment
	*m = segmentMore{
		cookieLen: s.CookieLen, numSACK: s.NumSACK, urgent: s.Urgent, path: p.Path, begun: p.Begun, cut: p.CutOptions, sack: s.SACK,
	}
}

// unpack does the opposite, after packedSegment.unpack.
func (m *segmentMore) unpack(p *decode.Packet) {
	s := &p.Segment
	s.CookieLen, s.NumSACK, s.Urgent, s.SACK = m.cookieLen, m.numSACK, m.urgent, m.sack
	p.Begun, p.CutOptions, p.Path = m.begun, m.cut, m.path
}

// rareOf returns what is rare about a packet, but for the need of a segmentMore.
func rareOf(p *decode.Packet) packedRare {
	r := packedRare(p.Copy)
	if p.Truncated {
		r |= rareTruncated
	}
	if p.BadHeader {
		r |= rareBadHeader
	}
	if p.Undelivered {
		r |= rareUndelivered
	}
	if p.Untimed {
		r |= rareUntimed
	}
	return r
}

// pack packs the packet into b, but for the data themselves and the need of a segmentMore.
// It does so field by field: a composite would be put together elsewhere first.
func (b *packedSegment) pack(p *decode.Packet, from fsm.Side) {
	s := &p.Segment
	bits := packedBits(s.Flags)
	if from == fsm.Server {
		bits |= packedFromServer
	}
	if p.HasIPID {
		bits |= packedIPID
	}
	if p.HasPayloadSum {
		bits |= packedSum
	}
	if p.Checksum == decode.ChecksumGood || p.Checksum == decode.ChecksumBad {
		bits |= packedVerified
	}
	b.time, b.frame, b.kept = p.Time, p.Frame, uint8(min(len(p.Payload), flow.ComparedBytes))
	b.seq, b.ack, b.length, b.opts, b.tsVal, b.tsEcr = s.Seq, s.Ack, s.Len, s.Opts, s.TSVal, s.TSEcr
	b.headers, b.window, b.mss, b.ipID, b.sum, b.bits = uint16(p.IPLen-s.Len), s.Window, s.MSS, p.IPID, p.PayloadSum, bits
	b.message = 0
	if p.HasMessage {
		b.message = p.Message
	}
	b.ttl, b.tos, b.scale, b.rare = p.TTL, p.TOS, s.WindowScale, rareOf(p)
}

func (b *packedSegment) flags() fsm.Flags { return fsm.Flags(b.bits & packedFlags) }

func (b *packedSegment) from() fsm.Side {
	if b.bits&packedFromServer != 0 {
		return fsm.Server
	}
	return fsm.Client
}

func (b *packedSegment) checksum() decode.Checksum {
	switch b.bits & (packedVerified | packedSum) {
	case 0:
		return decode.ChecksumUnverified
	case packedSum: // of a checksum that is not the segment's, so it is the pseudo-header's
		return decode.ChecksumOffload
	case packedVerified:
		return decode.ChecksumBad
	}
	return decode.ChecksumGood
}

// unpack fills in the packet, which was the connection's, with its data as far as they
// are kept.
func (b *packedSegment) unpack(p *decode.Packet, n *compactConn, data []byte) {
	*p = decode.Packet{
		Time: b.time, Frame: b.frame, Src: n.client, Dst: n.server, Encap: n.encap, IPLen: b.length + uint32(b.headers), HasMessage: b.message != 0, Message: b.message,
		IPID: b.ipID, HasIPID: b.bits&packedIPID != 0, TTL: b.ttl, TOS: b.tos, Checksum: b.checksum(),
		PayloadSum: b.sum, HasPayloadSum: b.bits&packedSum != 0,
		Copy: decode.Copy(b.rare & rareCopy), Truncated: b.rare&rareTruncated != 0, BadHeader: b.rare&rareBadHeader != 0, Undelivered: b.rare&rareUndelivered != 0, Untimed: b.rare&rareUntimed != 0,
		Segment: fsm.Segment{
			Seq: b.seq, Ack: b.ack, Len: b.length, Flags: b.flags(), Window: b.window, Opts: b.opts,
			MSS: b.mss, WindowScale: b.scale, TSVal: b.tsVal, TSEcr: b.tsEcr,
		},
	}
	if b.opts&fsm.OptMPTCP != 0 {
		p.MPTCP = &offersMPTCP
	}
	if b.from() == fsm.Server {
		p.Src, p.Dst = p.Dst, p.Src
	}
	if len(data) > 0 {
		p.Payload = data
	}
}
