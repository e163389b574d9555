package decode

// etherIP reads an EtherIP header (RFC 3378): version (4 bits), zero (12). An
// Ethernet frame follows.
func (d *Decoder) etherIP(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(2, LinkMalformed); r != OK {
		return noHeader, r
	}
	const version3 = 0x30
	if c.data[0] != version3 || c.data[1] != 0 {
		return noHeader, Tunnel
	}
	p.Encap = d.encaps.push(p.Encap, etherIPTag, 0)
	c.take(2)
	return ethernetHeader, OK
}
