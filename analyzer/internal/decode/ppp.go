package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

const pppoeLen = 6

// ppp reads a PPP header (RFC 1661): perhaps an HDLC address and control (RFC
// 1662), then a protocol of two octets, or of one when it is odd and the ends
// agreed to that. Cisco's own HDLC is told from it by its addresses and has an
// EtherType in place of the protocol.
func (d *Decoder) ppp(c *cursor) (header, Reason) {
	const (
		allStations, unnumbered      = 0xff, 0x03
		ciscoUnicast, ciscoBroadcast = 0x0f, 0x8f
	)
	if r := c.need(2, LinkMalformed); r != OK {
		return noHeader, r
	}
	first, second := c.data[0], c.data[1]
	if second == 0 && (first == ciscoUnicast || first == ciscoBroadcast) {
		if r := c.need(4, LinkMalformed); r != OK {
			return noHeader, r
		}
		etherType := binary.BigEndian.Uint16(c.data[2:])
		c.take(4)
		if etherType < 0x0600 {
			return noHeader, NotIP
		}
		return afterEtherType(etherType)
	}
	if first == allStations && second == unnumbered {
		c.take(2)
		if r := c.need(2, LinkMalformed); r != OK {
			return noHeader, r
		}
	}
	protocol := uint16(c.data[0])
	if protocol&1 != 0 {
		c.take(1)
	} else {
		protocol = binary.BigEndian.Uint16(c.data)
		c.take(2)
	}
	switch protocol {
	case 0x0021:
		return ipv4Header, OK
	case 0x0057:
		return ipv6Header, OK
	case 0x0281, 0x0283:
		return mplsHeader, OK
	case 0x0053, 0x0055: // RFC 1968
		return noHeader, Encrypted
	case 0x002d, 0x002f, // TCP with headers compressed, RFC 1144
		0x0031,         // bridging, RFC 3518
		0x003d,         // multilink, RFC 1990
		0x00fb, 0x00fd, // compressed, often also encrypted
		0x0061, 0x0063, 0x0065, 0x0067, 0x0069: // headers compressed, RFC 2507 and RFC 2508
		return noHeader, Tunnel
	}
	return noHeader, NotIP
}

// pppDirection reads the octet that some systems put in front of PPP.
func (d *Decoder) pppDirection(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(1, LinkMalformed); r != OK {
		return noHeader, r
	}
	if p.Way = process.Inbound; c.data[0] != 0 {
		p.Way = process.Outbound
	}
	c.take(1)
	return pppHeader, OK
}

// pppoe reads the header of a PPPoE session (RFC 2516 §4): version and type (1
// octet), code (1), session (2), length (2).
func (d *Decoder) pppoe(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(pppoeLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	if c.data[0] != 0x11 || c.data[1] != 0 {
		return noHeader, NotIP
	}
	p.Encap = d.encaps.push(p.Encap, pppoeTag, uint32(binary.BigEndian.Uint16(c.data[2:])))
	c.take(pppoeLen)
	return pppHeader, OK
}
