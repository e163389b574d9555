package decode

import "encoding/binary"

// pktap reads the header of Apple's packet taps: length (4 octets), type of this
// header (4), link type of what follows (4), and more, all little-endian.
func (d *Decoder) pktap(c *cursor) (header, Reason) {
	if r := c.need(12, LinkMalformed); r != OK {
		return noHeader, r
	}
	length, linkType := binary.LittleEndian.Uint32(c.data), binary.LittleEndian.Uint32(c.data[8:])
	next, r := firstHeader(int(linkType))
	if r != OK {
		return noHeader, r
	}
	if length < 12 {
		return noHeader, LinkMalformed
	}
	return skip(c, length, next)
}
