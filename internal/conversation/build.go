package conversation

import (
	"encoding/binary"
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
)

// Packets builds the frames of the script: Ethernet, an optional VLAN tag, IPv4
// or IPv6, TCP. Building twice gives the same octets. A sender's IPv4
// identification counts its packets from 1, hidden ones included.
func (s *Script) Packets() []Packet {
	var packets []Packet
	nextID := map[netip.Addr]uint16{}
	built := map[int][]byte{} // by frame number, whole
	for i := range s.frames {
		f := &s.frames[i]
		var octets []byte
		if f.copyOf != 0 {
			octets = append(octets, built[f.copyOf]...)
			if f.hasTTL {
				setTTL(octets, f.ttl)
			}
		} else {
			c := s.Conns[f.expect.Conn]
			src, dst := c.Client, c.Server
			if f.expect.From == fsm.Server {
				src, dst = dst, src
			}
			nextID[src.Addr()]++
			id := nextID[src.Addr()]
			if f.ipID >= 0 {
				id = uint16(f.ipID)
			}
			octets = f.appendEthernet(nil, src, dst, id)
		}
		if f.hidden {
			continue
		}
		built[f.expect.Frame] = octets
		p := Packet{Time: s.start + f.at, Data: octets, Length: len(octets)}
		if s.SnapLen > 0 && len(octets) > s.SnapLen {
			p.Data = octets[:s.SnapLen:s.SnapLen]
		}
		packets = append(packets, p)
	}
	return packets
}

const (
	etherTypeIPv4 = 0x0800
	etherTypeIPv6 = 0x86dd
	etherTypeVLAN = 0x8100
	protocolTCP   = 6
)

func (f *frame) appendEthernet(b []byte, src, dst netip.AddrPort, id uint16) []byte {
	// Locally administered addresses: 1 for the client's host, 2 for the server's.
	from, to := byte(1), byte(2)
	if f.expect.From == fsm.Server {
		from, to = to, from
	}
	b = append(b, 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from)
	if f.vlan >= 0 {
		b = binary.BigEndian.AppendUint16(b, etherTypeVLAN)
		b = binary.BigEndian.AppendUint16(b, uint16(f.vlan))
	}
	if src.Addr().Is4() {
		b = binary.BigEndian.AppendUint16(b, etherTypeIPv4)
		return f.appendIPv4(b, src, dst, id)
	}
	b = binary.BigEndian.AppendUint16(b, etherTypeIPv6)
	return f.appendIPv6(b, src, dst)
}

func (f *frame) appendIPv4(b []byte, src, dst netip.AddrPort, id uint16) []byte {
	tcp := f.appendTCP(nil, src, dst)
	start := len(b)
	b = append(b, 0x45, f.tos)
	b = binary.BigEndian.AppendUint16(b, uint16(20+len(tcp)))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0x40, 0, f.ttl, protocolTCP, 0, 0) // don't fragment
	b = append(b, src.Addr().AsSlice()...)
	b = append(b, dst.Addr().AsSlice()...)
	fillIPv4Checksum(b[start:])
	return append(b, tcp...)
}

func fillIPv4Checksum(header []byte) {
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], ^checksum.Fold(checksum.Sum(0, header[:20])))
}

func (f *frame) appendIPv6(b []byte, src, dst netip.AddrPort) []byte {
	tcp := f.appendTCP(nil, src, dst)
	b = append(b, 0x60|f.tos>>4, f.tos<<4, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(tcp)))
	b = append(b, protocolTCP, f.ttl)
	b = append(b, src.Addr().AsSlice()...)
	b = append(b, dst.Addr().AsSlice()...)
	return append(b, tcp...)
}

func (f *frame) appendTCP(b []byte, src, dst netip.AddrPort) []byte {
	offset := 5 + len(f.options)/4
	if f.offset >= 0 {
		offset = f.offset
	}
	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint32(b, uint32(f.seq))
	b = binary.BigEndian.AppendUint32(b, uint32(f.ack))
	b = binary.BigEndian.AppendUint16(b, uint16(offset)<<12|uint16(f.flags)&0xfff)
	b = binary.BigEndian.AppendUint16(b, f.window)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, f.urgent)
	b = append(b, f.options...)
	b = append(b, f.payload...)

	pseudo := append(src.Addr().AsSlice(), dst.Addr().AsSlice()...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(b)))
	pseudo = append(pseudo, 0, 0, 0, protocolTCP)
	partial := checksum.Sum(0, pseudo)
	check := ^checksum.Fold(checksum.Sum(partial, b))
	switch f.checksum {
	case checksumWrong:
		check ^= 0x5555
	case checksumPseudo:
		check = checksum.Fold(partial)
	}
	binary.BigEndian.PutUint16(b[16:], check)
	return b
}

// setTTL changes the hop count of a built frame, as a second capture point
// behind a router would show it.
func setTTL(octets []byte, ttl uint8) {
	at := 14
	if binary.BigEndian.Uint16(octets[12:]) == etherTypeVLAN {
		at += 4
	}
	if octets[at]>>4 == 6 {
		octets[at+7] = ttl
		return
	}
	octets[at+8] = ttl
	fillIPv4Checksum(octets[at:])
}
