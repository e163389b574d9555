package decode

import "encoding/binary"

// erspan reads the header of a mirrored frame, type II or III: version (4 bits),
// VLAN (12), class and flags (6), session (10), and more. Behind it there is the
// frame.
func (d *Decoder) erspan(c *cursor, p *Packet) (header, Reason) {
	const (
		typeII, typeIII       = 1, 2
		lenII, lenIII, subLen = 8, 12, 8
		ethernetFrame, ipOnly = 0, 2
	)
	if r := c.need(lenII, LinkMalformed); r != OK {
		return noHeader, r
	}
	session := uint32(binary.BigEndian.Uint16(c.data[2:]) & 0x03ff)
	length, next := lenII, ethernetHeader
	switch c.data[0] >> 4 {
	case typeII:
	case typeIII:
		length = lenIII
		if r := c.need(length, LinkMalformed); r != OK {
			return noHeader, r
		}
		// The last two octets: protocol data unit (1 bit), frame type (5), hardware
		// (6), direction (1), granularity (2), subheader follows (1).
		last := binary.BigEndian.Uint16(c.data[10:])
		if last&1 != 0 {
			length += subLen
		}
		switch last >> 10 & 0x1f {
		case ethernetFrame:
		case ipOnly:
			next = anyIPHeader
		default:
			return noHeader, NotIP
		}
	default:
		return noHeader, Tunnel
	}
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	p.Encap = d.encaps.push(p.Encap, erspanSessionTag, session)
	c.take(length)
	return next, OK
}
