package decode

import "encoding/binary"

const (
	ipv6Len       = 40
	maxExtensions = 16
)

// ipv6 reads an IPv6 header and its extension headers (RFC 8200).
func (d *Decoder) ipv6(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(ipv6Len, IPMalformed); r != OK {
		return noHeader, r
	}
	if c.data[0]>>4 != 6 {
		return noHeader, IPMalformed
	}
	payload := int(binary.BigEndian.Uint16(c.data[4:]))
	protocol := c.data[6]

	ip := d.layers.decodeIPv6(c.data)
	p.Src.IP, p.Dst.IP = [16]byte(ip.SrcIP), [16]byte(ip.DstIP)
	p.IPID, p.HasIPID, p.DF, p.BadHeader = 0, false, true, false
	p.TTL, p.TOS = ip.HopLimit, ip.TrafficClass
	p.FlowLabel = binary.BigEndian.Uint32(c.data) & 0xfffff
	c.otherEnds = false

	jumbo := 0
	if protocol == protoHopByHop {
		var r Reason
		if jumbo, r = jumboLength(c); r != OK {
			return noHeader, r
		}
	}
	p.ZeroLength = false
	switch {
	case jumbo != 0 && payload != 0: // RFC 2675 §3
		return noHeader, IPv6ExtensionMalformed
	case jumbo != 0:
		payload = jumbo
	case payload == 0:
		// As with IPv4: segmentation offload leaves 0 behind.
		p.ZeroLength = true
		payload = c.wire - ipv6Len
	}
	d.enterIP(c, p, ipv6Len+payload)
	c.take(ipv6Len)
	return d.extensions(c, p, protocol)
}

// extensions walks from the extension header of the given protocol to the one
// that carries data. gopacket's own walk goes over fragment headers as if they
// carried a whole packet, and does not know the Authentication Header.
func (d *Decoder) extensions(c *cursor, p *Packet, protocol uint8) (header, Reason) {
	for n := range maxExtensions {
		switch protocol {
		case protoTCP: // before the calls for those that seldom come
			return tcpHeader, OK
		case protoHopByHop, protoRouting, protoDestination, protoMobility, protoHIP, protoShim6:
			if protocol == protoHopByHop && n > 0 { // only directly behind the IPv6 header, RFC 8200 §4.1
				return noHeader, IPv6ExtensionMalformed
			}
			body, r := extension(c)
			if r != OK {
				return noHeader, r
			}
			c.otherEnds = c.otherEnds || changesEnds(protocol, body)
			protocol = body[0]
			c.take(len(body))
		case protoFragment:
			const length = 8
			if r := c.need(length, IPv6ExtensionMalformed); r != OK {
				return noHeader, r
			}
			protocol = c.data[0]
			place, id := binary.BigEndian.Uint16(c.data[2:])&^0x0006, binary.BigEndian.Uint32(c.data[4:])
			c.take(length)
			// Offset 0 and no more to come: an atomic fragment, a whole packet (RFC 6946).
			const more = 1
			if place&^more != 0 && c.quote {
				return noHeader, Fragment
			}
			if place != 0 && !c.quote {
				key := fragmentKey{id: id, v6: true}
				head := partHead{protocol: protocol, headerLen: int(p.IPLen) - c.wire - length}
				r := d.reassemble(c, p, key, int(place&^more), place&more == 0, &head)
				if r != OK {
					return noHeader, r
				}
				protocol = head.protocol // the first fragment's counts, RFC 8200 §4.5
			}
		case protoAH:
			var r Reason
			if protocol, r = authentication(c, IPv6ExtensionMalformed); r != OK {
				return noHeader, r
			}
		default:
			return d.afterProtocol(protocol, p, true)
		}
	}
	return noHeader, TooManyHeaders
}

func isExtension(protocol uint8) bool {
	switch protocol {
	case protoHopByHop, protoRouting, protoFragment, protoAH, protoDestination, protoMobility, protoHIP, protoShim6:
		return true
	}
	return false
}

// extension returns the octets of the extension header at the cursor, in the
// form that all but a few have: next header, length in 8 octets without the
// first 8, then its content.
func extension(c *cursor) ([]byte, Reason) {
	if r := c.need(8, IPv6ExtensionMalformed); r != OK {
		return nil, r
	}
	n := (int(c.data[1]) + 1) * 8
	if r := c.need(n, IPv6ExtensionMalformed); r != OK {
		return nil, r
	}
	return c.data[:n], OK
}

// changesEnds reports whether an extension header makes TCP's addresses others
// than the IPv6 header's: a route not yet at its end (RFC 8200 §8.1), or a
// mobile host's home address (RFC 6275 §6.3).
func changesEnds(protocol uint8, body []byte) bool {
	switch protocol {
	case protoRouting:
		return body[3] != 0 // segments left
	case protoDestination:
		const homeAddress = 201
		value, _ := option(body[2:], homeAddress)
		return value != nil
	}
	return false
}

// option looks for the value of an option in an extension header's options
// (RFC 8200 §4.2). It returns nil when there is none, and ok false when the
// options' lengths are wrong.
func option(options []byte, kind uint8) (value []byte, ok bool) {
	for len(options) > 0 {
		if options[0] == 0 { // Pad1
			options = options[1:]
			continue
		}
		if len(options) < 2 || int(options[1])+2 > len(options) {
			return nil, false
		}
		n := int(options[1]) + 2
		if options[0] == kind {
			return options[2:n], true
		}
		options = options[n:]
	}
	return nil, true
}

// jumboLength returns the payload length that the jumbo option behind the IPv6
// header at the cursor gives (RFC 2675 §2), or 0 without that option.
func jumboLength(c *cursor) (int, Reason) {
	hop := *c
	hop.take(ipv6Len)
	body, r := extension(&hop)
	if r != OK {
		return 0, r
	}
	const jumbo = 194
	value, ok := option(body[2:], jumbo)
	if !ok {
		return 0, IPv6ExtensionMalformed
	}
	if value == nil {
		return 0, OK
	}
	if len(value) != 4 || binary.BigEndian.Uint32(value) <= 0xffff {
		return 0, IPv6ExtensionMalformed
	}
	return int(binary.BigEndian.Uint32(value)), OK
}
