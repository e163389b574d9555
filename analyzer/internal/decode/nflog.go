package decode

import "encoding/binary"

// nflog reads a message of Linux's netfilter log: address family (1 octet),
// version (1), group (2), then attributes, one of which is the packet. An
// attribute has a length with these 4 octets (2) and a type (2), both in the byte
// order of the host that wrote the file, and fills a multiple of 4 octets.
func (d *Decoder) nflog(c *cursor) (header, Reason) {
	const payload, nested = 9, 0x7fff
	if r := c.need(4, LinkMalformed); r != OK {
		return noHeader, r
	}
	if c.data[1] != 0 {
		return noHeader, LinkMalformed
	}
	var next header
	switch c.data[0] {
	case 2:
		next = ipv4Header
	case 10:
		next = ipv6Header
	default:
		return noHeader, NotIP // a bridge's frames, ARP
	}
	c.take(4)
	if r := c.need(4, LinkMalformed); r != OK {
		return noHeader, r
	}
	// The first attribute is short, so one octet of its length is 0.
	var order binary.ByteOrder = binary.LittleEndian
	if c.data[0] == 0 {
		order = binary.BigEndian
	}
	for {
		if r := c.need(4, LinkMalformed); r != OK {
			return noHeader, r
		}
		length, kind := int(order.Uint16(c.data)), order.Uint16(c.data[2:])&nested
		if length < 4 {
			return noHeader, LinkMalformed
		}
		if kind == payload {
			c.take(4)
			return next, OK
		}
		length = (length + 3) &^ 3
		if r := c.need(length, LinkMalformed); r != OK {
			return noHeader, r
		}
		c.take(length)
	}
}
