package decode

import "encoding/binary"

const (
	mplsLen   = 4
	maxLabels = 16
)

// mpls reads a stack of MPLS labels (RFC 3032): label (20 bits), class (3),
// bottom of the stack (1), TTL (8). The labels lead one way only, and the last
// router but one may have taken them off, so they are no part of Packet.Encap.
func (d *Decoder) mpls(c *cursor, p *Packet) (header, Reason) {
	const bottom = 1 << 8
	for range maxLabels {
		if r := c.need(mplsLen, LinkMalformed); r != OK {
			return noHeader, r
		}
		entry := binary.BigEndian.Uint32(c.data)
		c.take(mplsLen)
		p.Labels = d.labels.push(p.Labels, mplsTag, entry>>12)
		if entry&bottom != 0 {
			return behindLabels(c)
		}
	}
	return noHeader, TooManyHeaders
}

// behindLabels tells what stands behind the last label. Nothing says so: it is
// IP by its first four bits (RFC 4928), or an Ethernet frame, with a control word
// in front (RFC 4448) or without. An address of a frame may begin with the same
// bits as IP, so what cannot be IP is held against the frames too.
func behindLabels(c *cursor) (header, Reason) {
	const controlWord = 4
	if r := c.need(1, NotIP); r != OK {
		return noHeader, r
	}
	switch c.data[0] >> 4 {
	case 4:
		if plausibleIPv4(c) || !frameAt(c, 0) {
			return ipv4Header, OK
		}
	case 6:
		if plausibleIPv6(c) || !frameAt(c, 0) {
			return ipv6Header, OK
		}
	case 0:
		if frameAt(c, controlWord) {
			c.take(controlWord)
			return ethernetHeader, OK
		}
	}
	if frameAt(c, 0) {
		return ethernetHeader, OK
	}
	if c.data[0]>>4 == 1 { // an associated channel, RFC 4385
		return noHeader, NotIP
	}
	if c.need(controlWord+ethernetLen, NotIP) == TruncatedHeader {
		return noHeader, TruncatedHeader
	}
	return noHeader, NotIP
}

// frameAt reports whether an Ethernet frame that may carry IP begins at octet n
// of what was captured.
func frameAt(c *cursor, n int) bool {
	return len(c.data) >= n+ethernetLen && carriesIP(binary.BigEndian.Uint16(c.data[n+ethernetLen-2:]))
}

// plausibleIPv4 reports whether the lengths at the cursor are those of an IPv4
// packet, as far as they were captured.
func plausibleIPv4(c *cursor) bool {
	if len(c.data) < 4 {
		return true
	}
	headerLen, total := int(c.data[0]&0x0f)*4, int(binary.BigEndian.Uint16(c.data[2:]))
	return headerLen >= ipv4Len && (total == 0 || headerLen <= total && total <= c.wire)
}

// plausibleIPv6 does so for IPv6.
func plausibleIPv6(c *cursor) bool {
	return len(c.data) < 6 || ipv6Len+int(binary.BigEndian.Uint16(c.data[4:])) <= c.wire
}
