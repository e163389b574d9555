package decode

import "encoding/binary"

// Bits of a GRE header's first two octets (RFC 2784, RFC 2890, RFC 2637).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080
	greVersion  = 0x0007
)

// gre reads a GRE header: flags (2 octets), EtherType (2), then, each if its
// flag is there, checksum (4), key (4), sequence number (4).
func (d *Decoder) gre(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(4, LinkMalformed); r != OK {
		return noHeader, r
	}
	flags, etherType := binary.BigEndian.Uint16(c.data), binary.BigEndian.Uint16(c.data[2:])
	switch {
	case flags&greVersion == 1:
		return d.pptp(c, p, flags)
	case flags&greVersion != 0 || flags&greRouting != 0: // routing: RFC 1701, in use nowhere
		return noHeader, Tunnel
	}
	length, keyAt := 4, 0
	if flags&greChecksum != 0 {
		length += 4
	}
	if flags&greKey != 0 {
		keyAt = length
		length += 4
	}
	if flags&greSequence != 0 {
		length += 4
	}
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	var key uint32
	if keyAt > 0 {
		key = binary.BigEndian.Uint32(c.data[keyAt:])
	}
	c.take(length)

	const (
		erspan2, erspan3 = 0x88be, 0x22eb
		wccp             = 0x883e
	)
	switch {
	case etherType == erspan2 && flags&greSequence == 0:
		// Type I has no header of its own and no sequence numbers.
		p.Encap = d.encaps.push(p.Encap, erspanTag, 0)
		return ethernetHeader, OK
	case etherType == erspan2 || etherType == erspan3:
		return erspanHeader, OK
	case keyAt > 0:
		p.Encap = d.encaps.push(p.Encap, greKeyTag, key)
	default:
		p.Encap = d.encaps.push(p.Encap, greTag, 0)
	}
	if etherType == wccp {
		// Version 2 of the protocol has 4 octets more, and IPv4 behind.
		if r := c.need(1, LinkMalformed); r != OK {
			return noHeader, r
		}
		if c.data[0]>>4 != 4 {
			if r := c.need(4, LinkMalformed); r != OK {
				return noHeader, r
			}
			c.take(4)
		}
		return ipv4Header, OK
	}
	if etherType < 0x0600 {
		return noHeader, NotIP
	}
	return afterEtherType(etherType)
}

// pptp reads the GRE header of version 1 (RFC 2637 §4.1): flags (2 octets),
// EtherType of PPP (2), length (2), call (2), then sequence number (4) and
// acknowledgment (4) if their flags are there. A packet without a sequence
// number carries nothing. The two directions of a call have two numbers.
func (d *Decoder) pptp(c *cursor, p *Packet, flags uint16) (header, Reason) {
	const pppType = 0x880b
	if binary.BigEndian.Uint16(c.data[2:]) != pppType || flags&(greChecksum|greRouting) != 0 || flags&greKey == 0 {
		return noHeader, Tunnel
	}
	length := 8
	if flags&greSequence != 0 {
		length += 4
	}
	if flags&greAck != 0 {
		length += 4
	}
	if r := c.need(length, LinkMalformed); r != OK {
		return noHeader, r
	}
	if flags&greSequence == 0 {
		return noHeader, NotIP
	}
	p.Encap = d.encaps.push(p.Encap, pptpTag, 0)
	p.Labels = d.labels.push(p.Labels, callTag, uint32(binary.BigEndian.Uint16(c.data[6:])))
	c.take(length)
	return pppHeader, OK
}
