package decode

const (
	familyLen = 4
	encLen    = 12
)

// family reads a BSD loopback header: an address family in four octets, which
// is 2 for IPv4 everywhere and, for IPv6, 24 on NetBSD and OpenBSD, 28 on
// FreeBSD, 30 on macOS and 10 on Linux.
func (d *Decoder) family(c *cursor) (header, Reason) {
	if r := c.need(familyLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	family := d.layers.decodeFamily(c.data)
	c.take(familyLen)
	switch family {
	case 2:
		return ipv4Header, OK
	case 10, 24, 28, 30:
		return ipv6Header, OK
	}
	return noHeader, NotIP
}

// enc reads the header of OpenBSD's and FreeBSD's enc interfaces, where IPsec's
// packets pass in the clear: an address family as with loopback, an index (4
// octets), flags (4).
func (d *Decoder) enc(c *cursor) (header, Reason) {
	if r := c.need(encLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	next, r := d.family(c)
	if r == OK {
		c.take(encLen - familyLen)
	}
	return next, r
}
