package decode

const familyLen = 4

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
