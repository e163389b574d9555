package decode

import "encoding/binary"

const ipv4Len = 20

// Protocol numbers (IANA), IPv6 extension headers among them.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoNone        = 59
	protoDestination = 60
	protoEtherIP     = 97
	protoL2TP        = 115
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
)

// anyIP looks at the version of an IP packet that nothing announced.
func anyIP(c *cursor) (header, Reason) {
	if r := c.need(1, IPMalformed); r != OK {
		return noHeader, r
	}
	switch c.data[0] >> 4 {
	case 4:
		return ipv4Header, OK
	case 6:
		return ipv6Header, OK
	}
	return noHeader, IPMalformed
}

// ipv4 reads an IPv4 header (RFC 791).
func (d *Decoder) ipv4(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(ipv4Len, IPMalformed); r != OK {
		return noHeader, r
	}
	headerLen := int(c.data[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(c.data[2:]))
	if c.data[0]>>4 != 4 || headerLen < ipv4Len {
		return noHeader, IPMalformed
	}
	p.ZeroLength = total == 0
	if p.ZeroLength {
		// The card was to split this packet and to fill the length in, or the packet is
		// longer than the field can say. Either way there was no padding.
		total = c.wire
	}
	if total < headerLen {
		return noHeader, IPMalformed
	}

	ip := d.layers.decodeIPv4(c.data)
	setMapped(&p.Src.IP, ip.SrcIP)
	setMapped(&p.Dst.IP, ip.DstIP)
	p.IPID, p.TTL, p.TOS = ip.Id, ip.TTL, ip.TOS
	const dontFragment, moreFragments = 2, 1
	p.DF = ip.Flags&dontFragment != 0
	// RFC 6864: the identification of an atomic datagram means nothing. Senders
	// that count all the same never stay at 0.
	p.HasIPID = !p.DF || p.IPID != 0
	c.otherEnds = headerLen > ipv4Len && sourceRouted(c.data[ipv4Len:min(headerLen, len(c.data))])
	d.enterIP(c, p, total)

	protocol := uint8(ip.Protocol)
	if r := c.need(headerLen, IPMalformed); r != OK {
		return noHeader, r
	}
	p.BadHeader = d.verify && fold(headerSum(c.data[:headerLen])) != 0xffff
	c.take(headerLen)
	if ip.FragOffset != 0 && c.quote {
		return noHeader, Fragment
	}
	if (ip.Flags&moreFragments != 0 || ip.FragOffset != 0) && !c.quote {
		key := fragmentKey{id: uint32(ip.Id), protocol: protocol}
		head := partHead{protocol: protocol, headerLen: headerLen}
		if r := d.reassemble(c, p, key, int(ip.FragOffset)*8, ip.Flags&moreFragments == 0, &head); r != OK {
			return noHeader, r
		}
	}
	if protocol == protoTCP { // before the calls for those that seldom come
		return tcpHeader, OK
	}
	if protocol == protoAH {
		var r Reason
		if protocol, r = authentication(c, IPMalformed); r != OK {
			return noHeader, r
		}
	}
	return d.afterProtocol(protocol, p, false)
}

// sourceRouted reports whether IPv4 options (RFC 791 §3.1) have a source route
// with hops to go. Until then the header's destination is the next hop. The list
// ends at the first option whose length cannot be.
func sourceRouted(options []byte) bool {
	const endOfList, noOperation, looseRoute, strictRoute = 0, 1, 131, 137
	for len(options) > 0 && options[0] != endOfList {
		if options[0] == noOperation {
			options = options[1:]
			continue
		}
		if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
			return false
		}
		kind, length := options[0], options[1]
		if (kind == looseRoute || kind == strictRoute) && length > 2 && options[2] <= length {
			return true // its pointer is not beyond its end
		}
		options = options[length:]
	}
	return false
}

// setMapped stores an IPv4 address as an IPv6 one (RFC 4291 §2.5.5.2).
func setMapped(a *[16]byte, ip []byte) {
	binary.LittleEndian.PutUint64(a[:], 0)
	binary.LittleEndian.PutUint64(a[8:], 0xffff<<16|uint64(binary.LittleEndian.Uint32(ip))<<32)
}

// enterIP cuts the cursor to the IP packet that begins there and whose header
// says it has total octets. What follows it is padding, a trailer or a frame
// check sequence. From here on the header is believed, not the capture: octets
// behind the snap length count, so that a short snap length opens no gaps.
func (d *Decoder) enterIP(c *cursor, p *Packet, total int) {
	p.IPLen = uint32(total)
	if total > c.wire {
		p.Overlong = true
	}
	c.wire = total
	if len(c.data) > total {
		c.data = c.data[:total]
	}
	p.Truncated = len(c.data) < total
}

// authentication reads an Authentication Header (RFC 4302 §2) and returns the
// protocol behind it. Its length counts 4 octets and is 2 too low.
func authentication(c *cursor, malformed Reason) (protocol uint8, r Reason) {
	const fixed = 12
	if r := c.need(fixed, malformed); r != OK {
		return 0, r
	}
	protocol = c.data[0]
	n := (int(c.data[1]) + 2) * 4
	if n < fixed {
		return 0, malformed
	}
	if r := c.need(n, malformed); r != OK {
		return 0, r
	}
	c.take(n)
	return protocol, OK
}

// afterProtocol returns the header that the protocol number of an IP packet
// announces. in6 says that it was an IPv6 packet.
func (d *Decoder) afterProtocol(protocol uint8, p *Packet, in6 bool) (header, Reason) {
	switch protocol {
	case protoTCP:
		return tcpHeader, OK
	case protoUDP:
		return udpHeader, OK
	case protoIPv4:
		tag := ipv4InIPv4Tag
		if in6 {
			tag = ipv4InIPv6Tag
		}
		p.Encap = d.encaps.push(p.Encap, tag, 0)
		return ipv4Header, OK
	case protoIPv6:
		tag := ipv6InIPv4Tag
		if in6 {
			tag = ipv6InIPv6Tag
		}
		p.Encap = d.encaps.push(p.Encap, tag, 0)
		return ipv6Header, OK
	case protoGRE:
		return greHeader, OK
	case protoEtherIP:
		return etherIPHeader, OK
	case protoMPLS:
		return mplsHeader, OK
	case protoICMP:
		if !in6 {
			return icmpHeader, OK
		}
	case protoICMPv6:
		if in6 {
			return icmp6Header, OK
		}
	case protoESP:
		return noHeader, Encrypted
	case protoL2TP:
		return noHeader, Tunnel
	}
	return noHeader, NotTCP
}
