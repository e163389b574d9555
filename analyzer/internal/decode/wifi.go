package decode

// wifi reads an IEEE 802.11 header: frame control (2 octets), duration (2), three
// addresses (6 each), sequence (2), then, each if there, a fourth address (6),
// quality of service (2), high throughput control (4). Only data frames that
// were not encrypted, or decrypted before they were written, can be looked into.
func (d *Decoder) wifi(c *cursor) (header, Reason) {
	const (
		version, data           = 0x03, 0x08 // in the first octet
		typeMask, noData, qos   = 0x0c, 0x40, 0x80
		bothSystems, moreParts  = 0x03, 0x04 // in the second
		protected, throughput   = 0x40, 0x80
		partNumber, aggregation = 0x0f, 0x80 // in sequence and quality of service
	)
	if r := c.need(2, LinkMalformed); r != OK {
		return noHeader, r
	}
	first, second := c.data[0], c.data[1]
	if first&version != 0 || first&typeMask != data || first&noData != 0 {
		return noHeader, NotIP
	}
	length := 24
	if second&bothSystems == bothSystems {
		length += 6
	}
	qosAt := length
	if first&qos != 0 {
		length += 2
		if second&throughput != 0 {
			length += 4
		}
	}
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	switch {
	case second&protected != 0:
		return noHeader, Encrypted
	case second&moreParts != 0 || c.data[22]&partNumber != 0:
		return noHeader, Fragment
	case first&qos != 0 && c.data[qosAt]&aggregation != 0:
		return noHeader, Tunnel // several frames in one; a packet yields one segment at most
	}
	c.take(length)
	return llcHeader, OK
}
