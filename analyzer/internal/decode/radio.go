package decode

import "encoding/binary"

// The headers here are what drivers say of an 802.11 frame's reception.

// radiotap reads a radiotap header: version (1 octet), padding (1), length (2),
// words of which fields are present (4 each, the top bit says that another
// follows), the fields, each at a multiple of its size. All is little-endian. The
// first fields are a time (8) and flags (1), which matter here.
func (d *Decoder) radiotap(c *cursor) (header, Reason) {
	const (
		hasTime, hasFlags, another = 1 << 0, 1 << 1, 1 << 31
		padded, damaged            = 0x20, 0x40 // of the flags
	)
	if r := c.need(8, LinkMalformed); r != OK {
		return noHeader, r
	}
	length := int(binary.LittleEndian.Uint16(c.data[2:]))
	if c.data[0] != 0 || length < 8 {
		return noHeader, LinkMalformed
	}
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	present := binary.LittleEndian.Uint32(c.data[4:])
	at := 8
	for word := present; word&another != 0; at += 4 {
		if at+4 > length {
			return noHeader, LinkMalformed
		}
		word = binary.LittleEndian.Uint32(c.data[at:])
	}
	if present&hasTime != 0 {
		at = (at+7)&^7 + 8
	}
	var flags byte
	if present&hasFlags != 0 {
		if at >= length {
			return noHeader, LinkMalformed
		}
		flags = c.data[at]
	}
	c.take(length)
	switch {
	case flags&damaged != 0:
		return noHeader, LinkMalformed
	case flags&padded != 0:
		return noHeader, Tunnel // padding between 802.11's header and what it carries
	}
	return wifiHeader, OK
}

// prism reads the header of Prism drivers: message (4 octets), length (4), in
// the host's byte order, and more. Files of this type also have AVS headers.
func (d *Decoder) prism(c *cursor) (header, Reason) {
	if r := c.need(8, LinkMalformed); r != OK {
		return noHeader, r
	}
	if binary.BigEndian.Uint32(c.data)&^0xf == 0x80211000 {
		return avsHeader, OK
	}
	length := binary.LittleEndian.Uint32(c.data[4:])
	if length > 0xffff {
		length = binary.BigEndian.Uint32(c.data[4:])
	}
	return skip(c, length, wifiHeader)
}

// avs reads an AVS header: version (4 octets), length (4), and more.
func (d *Decoder) avs(c *cursor) (header, Reason) {
	if r := c.need(8, LinkMalformed); r != OK {
		return noHeader, r
	}
	return skip(c, binary.BigEndian.Uint32(c.data[4:]), wifiHeader)
}

// ppi reads a PPI header: version (1 octet), flags (1), length (2), link type of
// what follows (4), all little-endian.
func (d *Decoder) ppi(c *cursor) (header, Reason) {
	if r := c.need(8, LinkMalformed); r != OK {
		return noHeader, r
	}
	length, linkType := binary.LittleEndian.Uint16(c.data[2:]), binary.LittleEndian.Uint32(c.data[4:])
	next, r := firstHeader(int(linkType))
	if r != OK {
		return noHeader, r
	}
	return skip(c, uint32(length), next)
}

// skip takes the cursor over a header of the length that it gives, 8 at least.
func skip(c *cursor, length uint32, next header) (header, Reason) {
	if length < 8 || length > 0xffff {
		return noHeader, LinkMalformed
	}
	if r := c.need(int(length), LinkMalformed); r != OK {
		return noHeader, r
	}
	c.take(int(length))
	return next, OK
}
