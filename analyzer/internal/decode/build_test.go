package decode

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// The functions here build packets octet by octet, apart from the decoder's own
// knowledge. Each takes what it carries as its last argument.

// unhex returns the octets of hexadecimal text; blanks are for reading.
func unhex(text string) []byte {
	text = strings.Join(strings.Fields(text), "")
	b := make([]byte, len(text)/2)
	for i := range b {
		v, err := strconv.ParseUint(text[2*i:2*i+2], 16, 8)
		if err != nil {
			panic(err)
		}
		b[i] = byte(v)
	}
	return b
}

func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func u16(v int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

const (
	client4 = "10.0.0.1"
	server4 = "10.0.0.2"
	client6 = "2001:db8::1"
	server6 = "2001:db8::2"
)

// tcpOctets returns a segment from port 40000 to 80, seq 1000, ack 5000, ACK
// and PSH, window 502, checksum 0. Options are padded with zeros.
func tcpOctets(options, data []byte) []byte {
	for len(options)%4 != 0 {
		options = append(options[:len(options):len(options)], 0)
	}
	offset := byte(5+len(options)/4) << 4
	return cat(u16(40000), u16(80), u32(1000), u32(5000), []byte{offset, 0x18}, u16(502), u16(0), u16(0), options, data)
}

// ip4 returns an IPv4 packet with DF, identification 0x1234, TTL 64, TOS 0.
func ip4(protocol byte, payload []byte) []byte {
	src, dst := netip.MustParseAddr(client4).As4(), netip.MustParseAddr(server4).As4()
	return cat([]byte{0x45, 0}, u16(20+len(payload)), u16(0x1234), u16(0x4000), []byte{64, protocol}, u16(0), src[:], dst[:], payload)
}

// ip6 returns an IPv6 packet with traffic class 0, hop limit 64.
func ip6(next byte, payload []byte) []byte {
	src, dst := netip.MustParseAddr(client6).As16(), netip.MustParseAddr(server6).As16()
	return cat([]byte{0x60, 0, 0, 0}, u16(len(payload)), []byte{next, 64}, src[:], dst[:], payload)
}

func ether(etherType int, payload []byte) []byte {
	return cat(unhex("020000000002 020000000001"), u16(etherType), payload)
}

// set returns b with the octets from at on replaced.
func set(b []byte, at int, octets ...byte) []byte {
	b = append([]byte(nil), b...)
	copy(b[at:], octets)
	return b
}

// outer4 and outer6 return IP packets with addresses, identification and hop
// limit of their own, for tunnels.
func outer4(protocol byte, payload []byte) []byte {
	return set(set(ip4(protocol, payload), 4, 0xee, 0xee, 0, 0, 99), 12, 192, 0, 2, 1, 192, 0, 2, 2)
}

func outer6(next byte, payload []byte) []byte {
	return set(set(ip6(next, payload), 7, 99), 8, unhex("fe80 0000 0000 0000 0000 0000 0000 0001 fe80 0000 0000 0000 0000 0000 0000 0002")...)
}

// udpOctets returns a UDP packet from port 50000, checksum 0.
func udpOctets(port int, payload []byte) []byte {
	return cat(u16(50000), u16(port), u16(8+len(payload)), u16(0), payload)
}

// snap returns an LLC header with the SNAP form of an EtherType.
func snap(etherType int, payload []byte) []byte {
	return cat(unhex("aaaa03 000000"), u16(etherType), payload)
}

// gtpUser returns a GTP-U packet of the given flags for tunnel 0x1234; what its
// flags announce is at the front of the payload.
func gtpUser(flags byte, payload []byte) []byte {
	return cat([]byte{flags, 0xff}, u16(len(payload)), u32(0x1234), payload)
}
