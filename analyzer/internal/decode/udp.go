package decode

import "encoding/binary"

const udpLen = 8

// portHeader returns the tunnel that UDP packets to a port may be, noHeader for
// other ports. Anything may use any port, so each tunnel's method returns NotTCP
// for a header that is not quite its own.
func portHeader(port uint16) header {
	switch port {
	case 2152:
		return gtpHeader
	case 4754: // RFC 8086
		return greHeader
	case 4789, 8472: // RFC 7348, and Linux before it
		return vxlanHeader
	case 6081:
		return geneveHeader
	}
	return noHeader
}

// udp reads a UDP header (RFC 768): ports (2 octets each), length (2), checksum
// (2).
func (d *Decoder) udp(c *cursor) (header, Reason) {
	next := udpPayload(c)
	if next == noHeader {
		return noHeader, NotTCP
	}
	if r := c.need(udpLen, NotTCP); r != OK {
		return noHeader, r
	}
	length := int(binary.BigEndian.Uint16(c.data[4:]))
	if length != 0 && (length < udpLen || length > c.wire) { // 0: above 65535, or the card was to fill it in
		return noHeader, NotTCP
	}
	c.take(udpLen)
	if next == greHeader && !plausibleGRE(c) {
		return noHeader, NotTCP
	}
	return next, OK
}

// udpPayload returns the tunnel that the UDP header at the cursor leads to.
func udpPayload(c *cursor) header {
	if len(c.data) < 4 {
		return noHeader
	}
	return portHeader(binary.BigEndian.Uint16(c.data[2:]))
}

// plausibleGRE reports whether a GRE header of version 0 without any unknown bit
// is at the cursor, as far as it was captured.
func plausibleGRE(c *cursor) bool {
	if len(c.data) < 4 {
		return c.wire >= 4
	}
	flags, etherType := binary.BigEndian.Uint16(c.data), binary.BigEndian.Uint16(c.data[2:])
	next, r := afterEtherType(etherType)
	return flags&^(greChecksum|greKey|greSequence) == 0 && r == OK && next != llcHeader
}
