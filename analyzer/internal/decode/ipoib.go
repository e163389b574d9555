package decode

import "encoding/binary"

// ipoib reads what stands before IP over InfiniBand in files: addresses (40
// octets), then RFC 4391's EtherType (2) and zero (2).
func (d *Decoder) ipoib(c *cursor) (header, Reason) {
	const addresses, length = 40, 44
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	etherType := binary.BigEndian.Uint16(c.data[addresses:])
	c.take(length)
	return afterEtherType(etherType)
}
