package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ICMPError is what an ICMP error message says of the segment that it quotes: that it
// could not be delivered (RFC 792, RFC 4443).
type ICMPError struct {
	From [16]byte // who sent it, in the form of Endpoint.IP
	Type uint8
	Code uint8
	V6   bool   // ICMPv6, whose types and codes are others
	MTU  uint32 // of the next hop, where the message tells one; otherwise 0
	Cut  bool   // too little of the segment is quoted to tell its flags
}

// The types of ICMP messages that report an error and quote the packet it is about.
// A redirect quotes one too, but is no error.
const (
	icmpUnreachable      = 3
	icmpSourceQuench     = 4
	icmpTimeExceeded     = 11
	icmpParameterProblem = 12

	icmpFragmentationNeeded = 4 // a code of icmpUnreachable

	icmp6Unreachable      = 1
	icmp6PacketTooBig     = 2
	icmp6TimeExceeded     = 3
	icmp6ParameterProblem = 4
)

// icmp reads an ICMP header: type, code, checksum (2 octets) and 4 octets that depend
// on these. If it is an error's, the packet that it quotes follows, cut somewhere.
func (d *Decoder) icmp(c *cursor, p *Packet, v6 bool) (header, Reason) {
	const length = 8
	d.sawICMP = true
	if c.quote || len(c.data) < length {
		return noHeader, NotTCP // no error is sent about an error
	}
	e := ICMPError{From: p.Src.IP, Type: c.data[0], Code: c.data[1], V6: v6}
	if !e.isError() {
		return noHeader, NotTCP
	}
	c.badQuote = d.verify && len(c.data) >= c.wire && !c.otherEnds && !icmpSumRight(p, c.data[:c.wire], v6)
	switch {
	case v6 && e.Type == icmp6PacketTooBig:
		e.MTU = binary.BigEndian.Uint32(c.data[4:])
	case !v6 && e.Type == icmpUnreachable && e.Code == icmpFragmentationNeeded:
		e.MTU = uint32(binary.BigEndian.Uint16(c.data[6:])) // RFC 1191 §4
	}
	p.ICMP = &e
	c.quote = true
	c.take(length)
	if v6 {
		return ipv6Header, OK
	}
	return ipv4Header, OK
}

// icmpSumRight reports whether the checksum of a whole ICMP message is right (RFC 792;
// RFC 4443 §2.3, where it covers the addresses too).
func icmpSumRight(p *Packet, message []byte, v6 bool) bool {
	acc := sum(0, message)
	if v6 {
		ends := sum(sum(0, p.Src.IP[:]), p.Dst.IP[:])
		acc = addWord(acc, addWord(addWord(ends, swapped(protoICMPv6)), swapped(uint32(len(message)))))
	}
	return fold(acc) == 0xffff
}

func (e *ICMPError) isError() bool {
	if e.V6 {
		return e.Type >= icmp6Unreachable && e.Type <= icmp6ParameterProblem
	}
	switch e.Type {
	case icmpUnreachable, icmpSourceQuench, icmpTimeExceeded, icmpParameterProblem:
		return true
	}
	return false
}

// quotedTCP reads the beginning of a TCP header that an ICMP error quotes. 8 octets of
// it are always there (RFC 792): the ports and the sequence number.
func quotedTCP(c *cursor, p *Packet) Reason {
	const least = 8
	if len(c.data) < least || c.badQuote {
		return ICMPErrorMessage
	}
	p.Src.Port, p.Dst.Port = binary.BigEndian.Uint16(c.data), binary.BigEndian.Uint16(c.data[2:])
	p.Segment.Seq = fsm.Seq(binary.BigEndian.Uint32(c.data[4:]))
	p.Addressed = true
	if p.ICMP.Cut = len(c.data) < tcpLen; !p.ICMP.Cut {
		p.Segment.Ack = fsm.Seq(binary.BigEndian.Uint32(c.data[8:]))
		p.Segment.Flags = fsm.Flags(binary.BigEndian.Uint16(c.data[12:]) & 0x0fff)
	}
	return ICMPErrorMessage
}

// quoteReason is the reason for an ICMP error whose quote led to the reason r: one that
// quotes something else than TCP is not ours, one whose quote cannot be read may be.
func quoteReason(r Reason) Reason {
	switch r {
	case NotTCP, NotIP, Tunnel, Encrypted, UnknownLinkType:
		return NotTCP
	}
	return ICMPErrorMessage
}

// SawICMP reports whether any ICMP message was among the packets so far. A capture
// filter such as "tcp" leaves none.
func (d *Decoder) SawICMP() bool { return d.sawICMP }
