package main

import "encoding/binary"

// Link types that frames can be changed in.
const (
	linkEthernet = 1
	linkSLL2     = 276
)

// network returns where the IP header of a frame begins and its version, or
// false where that is not to be seen.
func (p *packet) network() (offset, version int, ok bool) {
	var kind uint16
	switch {
	case p.LinkType == linkEthernet && len(p.Data) >= 14:
		offset, kind = 14, binary.BigEndian.Uint16(p.Data[12:])
		for kind == 0x8100 && len(p.Data) >= offset+4 {
			kind = binary.BigEndian.Uint16(p.Data[offset+2:])
			offset += 4
		}
	case p.LinkType == linkSLL2 && len(p.Data) >= 20:
		offset, kind = 20, binary.BigEndian.Uint16(p.Data)
	}
	switch {
	case kind == 0x0800 && len(p.Data) >= offset+20:
		return offset, 4, true
	case kind == 0x86dd && len(p.Data) >= offset+40:
		return offset, 6, true
	}
	return 0, 0, false
}

// nextHop makes the frame what it is behind a router: TTL one less, other MAC
// addresses.
func (p *packet) nextHop() {
	at, version, ok := p.network()
	if !ok {
		return
	}
	if version == 6 {
		p.Data[at+7]--
	} else {
		p.Data[at+8]--
		p.sumIPv4(at)
	}
	if p.LinkType == linkEthernet {
		p.Data[5] ^= 0x70
		p.Data[11] ^= 0x70
	}
}

// clearID sets an IPv4 packet's identification to 0.
func (p *packet) clearID() {
	if at, version, ok := p.network(); ok && version == 4 {
		p.Data[at+4], p.Data[at+5] = 0, 0
		p.sumIPv4(at)
	}
}

// sumIPv4 makes the checksum of the IPv4 header at an offset right, if all of
// the header is there.
func (p *packet) sumIPv4(at int) {
	end := at + int(p.Data[at]&15)*4
	if end > len(p.Data) {
		return
	}
	h := p.Data[at:end]
	h[10], h[11] = 0, 0
	var sum uint32
	for i := 0; i < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
}

// tag puts the frame into a VLAN.
func (p *packet) tag(vlan uint16) {
	if p.LinkType != linkEthernet || len(p.Data) < 14 {
		return
	}
	head := append([]byte(nil), p.Data[:12]...)
	head = binary.BigEndian.AppendUint16(head, 0x8100)
	head = binary.BigEndian.AppendUint16(head, vlan)
	p.Data = append(head, p.Data[12:]...)
	p.Length += 4
}

// cut keeps the first octets of the frame only, and of IPv6 20 more, so that as
// much of TCP is left.
func (p *packet) cut(octets int) {
	if _, version, _ := p.network(); version == 6 {
		octets += 20
	}
	p.Data = p.Data[:min(octets, len(p.Data))]
}
