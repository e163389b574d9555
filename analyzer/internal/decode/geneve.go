package decode

import "encoding/binary"

const geneveLen = 8

// geneve reads a GENEVE header (RFC 8926 §3.4): version (2 bits), length of the
// options in 4 octets (6), flags (2), zero (6), EtherType (16), network (24),
// zero (8), options.
func (d *Decoder) geneve(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(geneveLen, NotTCP); r != OK {
		return noHeader, r
	}
	const control, reserved = 0x80, 0x3f
	options := int(c.data[0]&0x3f) * 4
	next, r := afterEtherType(binary.BigEndian.Uint16(c.data[2:]))
	if c.data[0]>>6 != 0 || c.data[1]&(control|reserved) != 0 || c.data[7] != 0 || r != OK || next == llcHeader {
		return noHeader, NotTCP
	}
	network := binary.BigEndian.Uint32(c.data[4:]) >> 8
	if r := c.need(geneveLen+options, NotTCP); r != OK {
		return noHeader, r
	}
	p.Encap = d.encaps.push(p.Encap, geneveTag, network)
	c.take(geneveLen + options)
	return next, OK
}
