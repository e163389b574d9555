package tracegen

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
)

// shape is what the frames of a trace have in common beside TCP. The zero shape
// is a whole IPv4 packet with a right checksum.
type shape struct {
	ipv6 bool
	vlan uint16 // the 802.1Q tag's VLAN, or 0 for no tag
	sum  sumOf
	snap int // bytes kept of each frame, or 0 for all
}

// sumOf is what stands in the TCP checksum's field.
type sumOf int

const (
	whole  sumOf = iota // the right checksum
	wrong               // one that is wrong
	pseudo              // the pseudo-header's sum, as a host leaves it that has its card fill in the rest
)

// packet is one TCP packet, or one fragment of it.
type packet struct {
	source, target         uint32
	sourcePort, targetPort uint16
	seq, ack               uint32
	flags                  byte
	window, urgent         uint16
	options                []byte // whole words
	payload                int
	id                     uint16
	fromServer             bool // decides the MAC addresses

	more   bool   // IP's more-fragments flag
	offset uint16 // of the fragment, in bytes; behind the first one there is no TCP header
}

const (
	linkHeader = 14
	tagHeader  = 4
	maxHeaders = 16 + linkHeader + tagHeader + 40 + 60 // the record's header included
)

// put writes one packet in its shape.
func (s *segments) put(in *shape, p *packet) {
	le, be := binary.LittleEndian, binary.BigEndian
	frame := s.frame[16:]
	side := byte(0)
	if p.fromServer {
		side = 1
	}
	at := copy(frame, []byte{2, 0, 0, 0, 0, side, 2, 0, 0, 0, 0, 1 - side})
	if in.vlan != 0 {
		be.PutUint16(frame[at:], 0x8100)
		be.PutUint16(frame[at+2:], in.vlan)
		at += tagHeader
	}
	length := p.payload
	if p.offset == 0 {
		length += 20 + len(p.options)
	}
	var addresses, body []byte
	if in.ipv6 {
		be.PutUint16(frame[at:], 0x86dd)
		ip := frame[at+2:]
		ip6Header(ip, p, length)
		addresses, body = ip[8:40], ip[40:40+length]
		at += 2 + 40
	} else {
		be.PutUint16(frame[at:], 0x0800)
		ip := frame[at+2:]
		ip4Header(ip, p, length)
		addresses, body = ip[12:20], ip[20:20+length]
		at += 2 + 20
	}
	at += length
	if p.offset == 0 {
		s.tcp(body, addresses, in.sum, p)
	} else {
		copy(body, s.body[:length])
	}
	kept := at
	if in.snap > 0 {
		kept = min(kept, in.snap)
	}
	record := s.frame[:16+kept]
	le.PutUint32(record, uint32(s.now/1e9))
	le.PutUint32(record[4:], uint32(s.now%1e9))
	le.PutUint32(record[8:], uint32(kept))
	le.PutUint32(record[12:], uint32(at))
	if s.err == nil {
		_, s.err = s.w.Write(record)
	}
}

func ip4Header(ip []byte, p *packet, length int) {
	be := binary.BigEndian
	ip[0], ip[1] = 0x45, 0
	be.PutUint16(ip[2:], uint16(20+length))
	be.PutUint16(ip[4:], p.id)
	fragment := uint16(0x4000) // do not fragment
	if p.more || p.offset > 0 {
		fragment = p.offset / 8
		if p.more {
			fragment |= 0x2000
		}
	}
	be.PutUint16(ip[6:], fragment)
	ip[8], ip[9], ip[10], ip[11] = 64, 6, 0, 0
	be.PutUint32(ip[12:], p.source)
	be.PutUint32(ip[16:], p.target)
	be.PutUint16(ip[10:], ^checksum.Fold(checksum.Sum(0, ip[:20])))
}

// ip6Header puts the IPv4 addresses into the last words of fd00::/96.
func ip6Header(ip []byte, p *packet, length int) {
	be := binary.BigEndian
	clear(ip[:40])
	ip[0] = 0x60
	be.PutUint16(ip[4:], uint16(length))
	ip[6], ip[7] = 6, 64
	ip[8], ip[24] = 0xfd, 0xfd
	be.PutUint32(ip[20:], p.source)
	be.PutUint32(ip[36:], p.target)
}

// tcp writes the segment into its place behind the IP header.
func (s *segments) tcp(tcp, addresses []byte, sum sumOf, p *packet) {
	be := binary.BigEndian
	be.PutUint16(tcp, p.sourcePort)
	be.PutUint16(tcp[2:], p.targetPort)
	be.PutUint32(tcp[4:], p.seq)
	be.PutUint32(tcp[8:], p.ack)
	tcp[12], tcp[13] = byte((20+len(p.options))/4)<<4, p.flags
	be.PutUint16(tcp[14:], p.window)
	be.PutUint16(tcp[16:], 0)
	be.PutUint16(tcp[18:], p.urgent)
	copy(tcp[20:], p.options)
	copy(tcp[20+len(p.options):], s.body[:p.payload])
	start := checksum.Sum(uint64(6+len(tcp)), addresses)
	switch sum {
	case whole:
		be.PutUint16(tcp[16:], ^checksum.Fold(checksum.Sum(start, tcp)))
	case wrong:
		be.PutUint16(tcp[16:], ^checksum.Fold(checksum.Sum(start, tcp))^0x5555)
	case pseudo:
		be.PutUint16(tcp[16:], checksum.Fold(start))
	}
}
