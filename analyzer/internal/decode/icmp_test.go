package decode

import (
	"net/netip"
	"testing"
)

// icmp4 returns an ICMP message from a router to the client: type, code, the 4 octets
// that depend on them, and what it quotes.
func icmp4(typ, code byte, rest, quote []byte) []byte {
	router, client := netip.MustParseAddr("192.0.2.254").As4(), netip.MustParseAddr(client4).As4()
	message := icmpSummed(cat([]byte{typ, code}, u16(0), rest, quote), nil)
	return cat([]byte{0x45, 0}, u16(20+len(message)), u16(1), u16(0), []byte{255, 1}, u16(0), router[:], client[:], message)
}

func icmp6(typ, code byte, rest, quote []byte) []byte {
	router, client := netip.MustParseAddr("2001:db8::fe").As16(), netip.MustParseAddr(client6).As16()
	message := cat([]byte{typ, code}, u16(0), rest, quote)
	icmpSummed(message, cat(router[:], client[:], []byte{0, 0}, u16(len(message)), []byte{0, 0, 0, 58}))
	return cat([]byte{0x60, 0, 0, 0}, u16(len(message)), []byte{58, 255}, router[:], client[:], message)
}

// icmpSummed fills the checksum of an ICMP message in, word by word (RFC 1071).
func icmpSummed(message, pseudo []byte) []byte {
	n := uint32(0)
	for _, b := range [][]byte{pseudo, message} {
		for i := range b {
			n += uint32(b[i]) << (8 * (1 - i%2))
		}
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	copy(message[2:], u16(int(^n&0xffff)))
	return message
}

// TestICMPChecksum holds that an error with a wrong checksum tells of no connection, where
// the message is whole and checksums are verified.
func TestICMPChecksum(t *testing.T) {
	none := make([]byte, 4)
	for name, packet := range map[string][]byte{
		"ICMP":   icmp4(3, 1, none, ip4(6, tcpOctets(nil, hello))),
		"ICMPv6": icmp6(1, 4, none, ip6(6, tcpOctets(nil, hello))),
	} {
		at := map[string]int{"ICMP": 22, "ICMPv6": 42}[name]
		bad := set(packet, at, packet[at]^1)
		for _, test := range []struct {
			data   []byte
			length int
			verify bool
			tied   bool
		}{
			{packet, len(packet), true, true},
			{bad, len(packet), true, false},
			{bad, len(packet), false, true},
			{bad[:len(bad)-1], len(bad), true, true}, // the snap length cut it
		} {
			var p Packet
			r := New(Options{VerifyChecksums: test.verify}).Decode(&Raw{Data: test.data, Length: test.length, LinkType: linkRaw}, &p)
			if r != ICMPErrorMessage || p.Addressed != test.tied {
				t.Errorf("%s: %d of %d octets, verified %t: %v, tied %t", name, len(test.data), test.length, test.verify, r, p.Addressed)
			}
		}
	}
}

// TestICMPErrors holds what is read of ICMP errors and of the segments that they quote.
func TestICMPErrors(t *testing.T) {
	segment := tcpOctets(nil, hello)
	v4, v6 := ip4(6, segment), ip6(6, segment)
	none := make([]byte, 4)
	want4, _ := decodeAll(101, v4)
	want6, _ := decodeAll(101, v6)
	mtu := cat(u16(0), u16(1400))
	tests := []struct {
		name     string
		linkType int
		packet   []byte
		like     *Packet // whose endpoints and number are quoted; nil: not known
		mtu      uint32
		cut      bool
	}{
		{"unreachable, the whole packet", 101, icmp4(3, 1, none, v4), &want4, 0, false},
		{"unreachable, 8 octets of TCP", 101, icmp4(3, 13, none, v4[:28]), &want4, 0, true},
		{"fragmentation needed", 101, icmp4(3, 4, mtu, v4), &want4, 1400, false},
		{"fragmentation needed by a router that tells no MTU", 101, icmp4(3, 4, none, v4), &want4, 0, false},
		{"time exceeded", 101, icmp4(11, 0, none, v4[:40]), &want4, 0, false},
		{"parameter problem, a header with options", 101, icmp4(12, 0, none, set(cat(v4[:20], unhex("01010101"), segment), 0, 0x46, 0, 0, byte(len(v4)+4))), &want4, 0, false},
		{"source quench", 101, icmp4(4, 0, none, v4), &want4, 0, false},
		{"extensions behind the quote (RFC 4884)", 101, icmp4(3, 1, unhex("00200000"), cat(v4, make([]byte, 128-len(v4)), unhex("20000000 0008 0101 00010140"))), &want4, 0, false},
		{"ICMPv6 unreachable", 101, icmp6(1, 4, none, v6), &want6, 0, false},
		{"packet too big", 101, icmp6(2, 0, cat(u16(0), u16(1280)), v6[:48]), &want6, 1280, true},
		{"hop limit exceeded", 101, icmp6(3, 0, none, v6), &want6, 0, false},
		{"ICMPv6 parameter problem behind an extension header", 101, icmp6(4, 1, none, ip6(60, cat(unhex("0600 010400000000"), segment))), &want6, 0, false},
		{"on a VLAN", 1, ether(0x8100, cat(unhex("000c 0800"), icmp4(3, 1, none, v4))), &want4, 0, false},
		{"in a tunnel", 101, outer4(4, icmp4(3, 1, none, v4)), &want4, 0, false},
		{"a first fragment quoted", 101, icmp4(3, 4, mtu, set(v4, 6, 0x20, 0x00)), &want4, 1400, false},

		{"7 octets of TCP", 101, icmp4(3, 1, none, v4[:27]), nil, 0, false},
		{"half an IP header", 101, icmp4(3, 1, none, v4[:10]), nil, 0, false},
		{"no quote", 101, icmp4(3, 1, none, nil), nil, 0, false},
		{"a later fragment quoted", 101, icmp4(3, 4, mtu, set(v4, 6, 0x00, 0x01)), nil, 1400, false},
		{"a later IPv6 fragment quoted", 101, icmp6(2, 0, mtu, ip6(44, cat(unhex("0600 00b8 00000001"), segment))), nil, 1400, false},
	}
	for _, test := range tests {
		p, r := decodeAll(test.linkType, test.packet)
		if r != ICMPErrorMessage || p.ICMP == nil {
			t.Errorf("%s: %v", test.name, r)
			continue
		}
		if p.Addressed != (test.like != nil) {
			t.Errorf("%s: addressed is %v", test.name, p.Addressed)
		}
		if w := test.like; w != nil && (p.Src != w.Src || p.Dst != w.Dst || p.Segment.Seq != w.Segment.Seq) {
			t.Errorf("%s: quotes %v to %v, number %d", test.name, p.Src, p.Dst, p.Segment.Seq)
		}
		if p.ICMP.MTU != test.mtu || p.ICMP.Cut != test.cut {
			t.Errorf("%s: MTU %d, cut %v", test.name, p.ICMP.MTU, p.ICMP.Cut)
		}
		from := netip.AddrFrom16(p.ICMP.From).Unmap().String()
		if want := map[bool]string{false: "192.0.2.254", true: "2001:db8::fe"}[p.ICMP.V6]; from != want {
			t.Errorf("%s: from %s", test.name, from)
		}
		for n := range test.packet { // cut by the snap length, and on the wire
			decodeAll(test.linkType, test.packet[:n])
			var q Packet
			New(Options{}).Decode(&Raw{Data: test.packet[:n], Length: len(test.packet), LinkType: test.linkType}, &q)
		}
	}
}

// TestOtherICMP holds that what reports no error, or none about TCP, is not TCP's.
func TestOtherICMP(t *testing.T) {
	none := make([]byte, 4)
	v4 := ip4(6, tcpOctets(nil, hello))
	for name, packet := range map[string][]byte{
		"echo":                       icmp4(8, 0, none, v4),
		"redirect":                   icmp4(5, 1, none, v4),
		"UDP unreachable":            icmp4(3, 3, none, ip4(17, make([]byte, 8))),
		"an error about an error":    icmp4(3, 1, none, icmp4(3, 1, none, v4)),
		"neighbour solicitation":     icmp6(135, 0, none, nil),
		"ICMP in IPv6":               ip6(1, cat(unhex("0301 0000 00000000"), v4)),
		"ICMPv6 in IPv4":             ip4(58, cat(unhex("0100 0000 00000000"), v4)),
		"an ICMP header of 4 octets": ip4(1, unhex("03010000")),
	} {
		if p, r := decodeAll(101, packet); r != NotTCP || p.ICMP != nil && p.Addressed {
			t.Errorf("%s: %v", name, r)
		}
	}
}
