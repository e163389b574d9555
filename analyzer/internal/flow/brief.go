package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// brief is all that a Flow looks at of an ordinary segment. It is one line of the
// processor's cache: most of the work with briefs is to wait for their memory.
type brief struct {
	time         fsm.Time
	frame        fsm.Frame
	next         uint32 // of the same connection
	payload      uint32 // place of the beginning of its data; 0 for none
	seq, ack     fsm.Seq
	length       uint32
	opts         fsm.OptionSet
	tsVal, tsEcr uint32
	headers      uint16 // octets of IP packet that are no data
	window, mss  uint16
	ipID         uint16
	sum          uint16
	bits         briefBits
	ttl, tos     uint8
	scale        uint8
}

// briefBits are the flags of a segment, and what else is yes or no of its packet.
type briefBits uint16

const (
	briefFlags      briefBits = 1<<12 - 1
	briefFromServer briefBits = 1 << 12
	briefIPID       briefBits = 1 << 13
	briefSum        briefBits = 1 << 14
	briefVerified   briefBits = 1 << 15 // its checksum is good
)

// fitsBrief reports whether a brief can hold all of the packet.
func fitsBrief(p *decode.Packet) bool {
	s := &p.Segment
	return s.Urgent == 0 && s.NumSACK == 0 && s.CookieLen == 0 && s.Opts&fsm.OptFastOpen == 0 &&
		p.Copy == decode.NoCopy && p.Checksum <= decode.ChecksumGood && !p.BadHeader && !p.Truncated && !p.Undelivered &&
		min(len(p.Payload), keptOctets) == int(min(s.Len, keptOctets)) && p.IPLen-s.Len <= 1<<16-1
}

// write makes b a brief of the packet, but for the payload. It does so field by
// field: a composite would be put together elsewhere first.
func (b *brief) write(p *decode.Packet, from fsm.Side) {
	s := &p.Segment
	bits := briefBits(s.Flags)
	if from == fsm.Server {
		bits |= briefFromServer
	}
	if p.HasIPID {
		bits |= briefIPID
	}
	if p.HasPayloadSum {
		bits |= briefSum
	}
	if p.Checksum == decode.ChecksumGood {
		bits |= briefVerified
	}
	b.time, b.frame, b.next, b.payload = p.Time, p.Frame, 0, 0
	b.seq, b.ack, b.length, b.opts, b.tsVal, b.tsEcr = s.Seq, s.Ack, s.Len, s.Opts, s.TSVal, s.TSEcr
	b.headers, b.window, b.mss, b.ipID, b.sum, b.bits = uint16(p.IPLen-s.Len), s.Window, s.MSS, p.IPID, p.PayloadSum, bits
	b.ttl, b.tos, b.scale = p.TTL, p.TOS, s.WindowScale
}

func (b *brief) flags() fsm.Flags { return fsm.Flags(b.bits & briefFlags) }

func (b *brief) from() fsm.Side {
	if b.bits&briefFromServer != 0 {
		return fsm.Server
	}
	return fsm.Client
}

func (b *brief) checksum() decode.Checksum {
	if b.bits&briefVerified != 0 {
		return decode.ChecksumGood
	}
	return decode.ChecksumUnverified
}

// read fills in the packet, which was the connection's.
func (b *brief) read(p *decode.Packet, n *nascent, data *payload) {
	*p = decode.Packet{
		Time: b.time, Frame: b.frame, Src: n.client, Dst: n.server, Encap: n.encap, IPLen: b.length + uint32(b.headers),
		IPID: b.ipID, HasIPID: b.bits&briefIPID != 0, TTL: b.ttl, TOS: b.tos, Checksum: b.checksum(),
		PayloadSum: b.sum, HasPayloadSum: b.bits&briefSum != 0,
		Segment: fsm.Segment{
			Seq: b.seq, Ack: b.ack, Len: b.length, Flags: b.flags(), Window: b.window, Opts: b.opts,
			MSS: b.mss, WindowScale: b.scale, TSVal: b.tsVal, TSEcr: b.tsEcr,
		},
	}
	if b.from() == fsm.Server {
		p.Src, p.Dst = p.Dst, p.Src
	}
	if data != nil {
		p.Payload = data.octets[:min(b.length, keptOctets)]
	}
}
