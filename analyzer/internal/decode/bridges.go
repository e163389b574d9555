package decode

import "encoding/binary"

// The headers here are what bridges put around frames among themselves.

// backbone reads the tag of a provider backbone bridge (IEEE 802.1ah): flags (1
// octet), service (3). The customer's frame follows.
func (d *Decoder) backbone(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(4, LinkMalformed); r != OK {
		return noHeader, r
	}
	p.Encap = d.encaps.push(p.Encap, backboneTag, binary.BigEndian.Uint32(c.data)&0xffffff)
	c.take(4)
	return ethernetHeader, OK
}

// etag reads the tag of a port extender (IEEE 802.1BR): priority (4 bits),
// source (12), zero (2), group (2), channel (12), their extensions (16), then an
// EtherType. The channel names the port on one side only.
func (d *Decoder) etag(c *cursor, p *Packet) (header, Reason) {
	const length = 8
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	channel, etherType := binary.BigEndian.Uint16(c.data[2:])&0x0fff, binary.BigEndian.Uint16(c.data[6:])
	p.Labels = d.labels.push(p.Labels, channelTag, uint32(channel))
	c.take(length)
	return afterEtherType(etherType)
}

// fabricPath reads what follows Cisco FabricPath's EtherType: tree (10 bits),
// TTL (6), and the frame. The EtherType is also used for other things, without a
// frame behind it.
func (d *Decoder) fabricPath(c *cursor, p *Packet) (header, Reason) {
	const length = 2
	if r := c.need(length+ethernetLen, NotIP); r != OK {
		return noHeader, r
	}
	if !frameAt(c, length) {
		return noHeader, NotIP
	}
	p.Labels = d.labels.push(p.Labels, fabricTag, uint32(binary.BigEndian.Uint16(c.data)>>6))
	c.take(length)
	return ethernetHeader, OK
}
