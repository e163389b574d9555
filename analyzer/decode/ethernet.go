package decode

import "encoding/binary"

const (
	ethernetLen = 14
	llcLen      = 8 // LLC and SNAP
	vlanLen     = 4
)

// ethernet reads an Ethernet header.
func (d *Decoder) ethernet(c *cursor) (header, Reason) {
	if r := c.need(ethernetLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	etherType := d.layers.decodeEthernet(c.data)
	c.take(ethernetLen)
	return afterEtherType(etherType)
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
	case 0x8847, 0x8848, // MPLS
		0x8864,         // PPPoE sessions
		0x88e7, 0x893f, // 802.1ah, 802.1BR
		0x22f3, 0x8903, // TRILL, FabricPath
		0x894f: // NSH
		return noHeader, Tunnel
	}
	if etherType < 0x0600 { // a length: IEEE 802.3
		return llcHeader, OK
	}
	return noHeader, NotIP
}

// llc reads the LLC header of an IEEE 802.3 frame. Only the SNAP form with an
// EtherType can carry IP (RFC 1042).
func (d *Decoder) llc(c *cursor) (header, Reason) {
	if c.need(3, NotIP) == OK && (c.data[0] != 0xaa || c.data[1] != 0xaa || c.data[2] != 0x03) {
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
