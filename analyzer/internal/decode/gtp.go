package decode

import "encoding/binary"

const (
	gtpLen           = 8
	maxGTPExtensions = 8
)

// gtp reads the header of a GTP-U packet that carries a user's packet (3GPP TS
// 29.281 §5): version and flags (1 octet), message type (1), length (2), tunnel
// (4), then, if any of three flags is set, sequence number (2), another (1) and
// the type of the first extension header (1). The two directions of a user's
// traffic have two tunnels, so their numbers are no part of Packet.Encap.
func (d *Decoder) gtp(c *cursor, p *Packet) (header, Reason) {
	const (
		version1, versionMask = 0x30, 0xf0 // the protocol's own bit included, GTP' has it clear
		zero                  = 0x08
		extended, anyFlag     = 0x04, 0x07
		userPacket            = 255
	)
	if r := c.need(gtpLen, NotTCP); r != OK {
		return noHeader, r
	}
	flags := c.data[0]
	length := int(binary.BigEndian.Uint16(c.data[2:]))
	if flags&versionMask != version1 || flags&zero != 0 || c.data[1] != userPacket || gtpLen+length > c.wire {
		return noHeader, NotTCP
	}
	tunnel := binary.BigEndian.Uint32(c.data[4:])
	c.take(gtpLen)
	if flags&anyFlag != 0 {
		if r := c.need(4, NotTCP); r != OK {
			return noHeader, r
		}
		more := c.data[3]
		c.take(4)
		if flags&extended == 0 {
			more = 0
		}
		if r := gtpExtensions(c, more); r != OK {
			return noHeader, r
		}
	}
	p.Encap = d.encaps.push(p.Encap, gtpTag, 0)
	p.Labels = d.labels.push(p.Labels, teidTag, tunnel)
	if r := c.need(1, NotIP); r != OK {
		return noHeader, r
	}
	switch c.data[0] >> 4 {
	case 4:
		return ipv4Header, OK
	case 6:
		return ipv6Header, OK
	}
	return noHeader, NotIP // PPP or Ethernet, which only the tunnel's setup tells
}

// gtpExtensions takes the cursor over the extension headers that begin with one
// of the given type: length in 4 octets (1 octet), content, type of the next (1).
func gtpExtensions(c *cursor, kind byte) Reason {
	for range maxGTPExtensions {
		if kind == 0 {
			return OK
		}
		if r := c.need(1, NotTCP); r != OK {
			return r
		}
		n := int(c.data[0]) * 4
		if n == 0 {
			return NotTCP
		}
		if r := c.need(n, NotTCP); r != OK {
			return r
		}
		kind = c.data[n-1]
		c.take(n)
	}
	return TooManyHeaders
}
