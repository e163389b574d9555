package decode

import "encoding/binary"

const vxlanLen = 8

// vxlan reads a VXLAN header (RFC 7348 §5): flags (1 octet), zero (3), network
// (3), zero (1). With its group extension the zeros in front are a group.
func (d *Decoder) vxlan(c *cursor, p *Packet) (header, Reason) {
	const networkFlag, groupFlag = 0x08, 0x80
	if r := c.need(vxlanLen, NotTCP); r != OK {
		return noHeader, r
	}
	first, second := binary.BigEndian.Uint32(c.data), binary.BigEndian.Uint32(c.data[4:])
	flags := first >> 24
	if flags != networkFlag && flags != networkFlag|groupFlag || flags == networkFlag && first&0xffffff != 0 || second&0xff != 0 {
		return noHeader, NotTCP
	}
	p.Encap = d.encaps.push(p.Encap, vxlanTag, second>>8)
	c.take(vxlanLen)
	return ethernetHeader, OK
}
