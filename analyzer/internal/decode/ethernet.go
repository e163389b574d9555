package decode

import "encoding/binary"

const (
	ethernetLen = 14
	llcLen      = 8 // LLC and SNAP
	vlanLen     = 4
)

// ethernet reads an Ethernet header.
func (d *Decoder) ethernet(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(ethernetLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	if p.LinkSrc|p.LinkDst == 0 { // in a tunnel the inner frame's say nothing of where this was captured
		p.LinkDst, p.LinkSrc = linkAddress(c.data), linkAddress(c.data[6:])
	}
	etherType := d.layers.decodeEthernet(c.data)
	c.take(ethernetLen)
	return afterEtherType(etherType)
}

// linkAddress returns the 6 bytes of a link address as a number.
func linkAddress(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// afterEtherType returns the header that an EtherType announces.
func afterEtherType(etherType uint16) (header, Reason) {
	switch etherType {
	case 0x0800:
		return ipv4Header, OK
	case 0x86dd:
		return ipv6Header, OK
	case 0x8100, 0x88a8, 0x9100: // 802.1Q, 802.1ad, and what came before 802.1ad
		return vlanHeader, OK
	case 0x8847, 0x8848:
		return mplsHeader, OK
	case 0x8864: // sessions; 0x8863 is their discovery
		return pppoeHeader, OK
	case 0x6558: // in GRE and GENEVE: transparent bridging
		return ethernetHeader, OK
	case 0x880b:
		return pppHeader, OK
	case 0x88e7:
		return backboneHeader, OK
	case 0x893f:
		return etagHeader, OK
	case 0x8903:
		return fabricPathHeader, OK
	case 0x22f3, 0x894f, 0x88e5: // TRILL, NSH, MACsec
		return noHeader, Tunnel
	}
	if etherType < 0x0600 { // a length: IEEE 802.3
		return llcHeader, OK
	}
	return noHeader, NotIP
}

// carriesIP reports whether an EtherType is one of those that frames with IP in
// them have. It is for places where nothing says that there is a frame.
func carriesIP(etherType uint16) bool {
	switch etherType {
	case 0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8864:
		return true
	}
	return false
}

// llc reads the LLC header of an IEEE 802.3 or 802.11 frame. IP comes in the SNAP
// form with an EtherType (RFC 1042), or rarely under its own number.
func (d *Decoder) llc(c *cursor) (header, Reason) {
	if c.need(3, NotIP) == OK && (c.data[0] != 0xaa || c.data[1] != 0xaa || c.data[2] != 0x03) {
		if c.data[0] == 0x06 && c.data[1] == 0x06 && c.data[2] == 0x03 {
			c.take(3)
			return ipv4Header, OK
		}
		return noHeader, NotIP
	}
	if r := c.need(llcLen, NotIP); r != OK {
		return noHeader, r
	}
	oui := uint32(c.data[3])<<16 | uint32(c.data[4])<<8 | uint32(c.data[5])
	etherType := binary.BigEndian.Uint16(c.data[6:])
	if oui != 0 || etherType < 0x0600 {
		return noHeader, NotIP
	}
	c.take(llcLen)
	return afterEtherType(etherType)
}

// vlan reads an 802.1Q tag behind its EtherType, wherever it stands.
func (d *Decoder) vlan(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(vlanLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	vlan, etherType := d.layers.decodeVLAN(c.data)
	c.take(vlanLen)
	if vlan != 0 { // VLAN 0 is a priority without a VLAN, often in one direction only
		p.Encap = d.encaps.push(p.Encap, vlanTag, uint32(vlan))
	}
	return afterEtherType(etherType)
}
