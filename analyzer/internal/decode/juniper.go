package decode

import "encoding/binary"

// juniper reads the header of captures on Juniper routers' Ethernet interfaces:
// "MGC" (3 octets), flags (1), then, if their flag is there, a length (2) and as
// many octets of extensions. The frame follows, if it was captured.
func (d *Decoder) juniper(c *cursor) (header, Reason) {
	const extended, noFrame = 0x80, 0x02
	if r := c.need(4, LinkMalformed); r != OK {
		return noHeader, r
	}
	if string(c.data[:3]) != "MGC" {
		return noHeader, LinkMalformed
	}
	flags, length := c.data[3], 4
	if flags&extended != 0 {
		if r := c.need(6, LinkMalformed); r != OK {
			return noHeader, r
		}
		length = 6 + int(binary.BigEndian.Uint16(c.data[4:]))
		if r := c.need(length, LinkMalformed); r != OK {
			return noHeader, r
		}
	}
	if flags&noFrame != 0 {
		return noHeader, NotIP
	}
	c.take(length)
	return ethernetHeader, OK
}
