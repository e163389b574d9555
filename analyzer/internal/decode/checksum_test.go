package decode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// wordSum is RFC 1071 read aloud: 16-bit words added up, carries added in.
func wordSum(acc uint32, b []byte) uint32 {
	for i := 0; i < len(b); i += 2 {
		word := uint32(b[i]) << 8
		if i+1 < len(b) {
			word |= uint32(b[i+1])
		}
		acc += word
		acc = acc>>16 + acc&0xffff
	}
	return acc
}

// pseudo returns the sum of the pseudo-header of an IP packet whose payload,
// length octets of TCP, stands right behind its fixed header.
func pseudo(ip []byte, length int) uint32 {
	ends := ip[12:20]
	if ip[0]>>4 == 6 {
		ends = ip[8:40]
	}
	return wordSum(0, cat(ends, u32(6), u32(uint32(length))))
}

// withField returns the IP packet with the TCP checksum field set.
func withField(ip []byte, field uint32) []byte {
	at := 20 + 16
	if ip[0]>>4 == 6 {
		at = 40 + 16
	}
	return set(ip, at, byte(field>>8), byte(field))
}

// summed returns the IP packet with the right TCP checksum.
func summed(ip []byte) []byte {
	start := 20
	if ip[0]>>4 == 6 {
		start = 40
	}
	segment := withField(ip, 0)[start:]
	return withField(ip, ^wordSum(pseudo(ip, len(segment)), segment)&0xffff)
}

func TestSumOfRFC1071(t *testing.T) {
	// The example of RFC 1071 §3: its sum is ddf2.
	got := fold(sum(0, unhex("00 01 f2 03 f4 f5 f6 f7")))
	if binary.BigEndian.Uint16(binary.LittleEndian.AppendUint16(nil, got)) != 0xddf2 {
		t.Errorf("octets swapped: %#04x", got)
	}
}

func TestSumOfAnyLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 300)
	for n := range len(b) {
		for _, fill := range []func() byte{func() byte { return 0xff }, func() byte { return byte(random.Uint32()) }} {
			for i := range b[:n] {
				b[i] = fill()
			}
			want := uint16(wordSum(0, b[:n]))
			got := fold(sum(0, b[:n]))
			if got = got<<8 | got>>8; got != want {
				t.Fatalf("%d octets: %#04x, want %#04x", n, got, want)
			}
		}
	}
}

func TestHeaderChecksums(t *testing.T) {
	for _, options := range [][]byte{nil, unhex("94040000"), bytes.Repeat([]byte{1}, 40)} {
		packet := ip4(6, cat(options, tcpOctets(nil, hello)))
		header := 20 + len(options)
		packet[0] = 0x40 | byte(header/4)
		right := ^wordSum(0, packet[:header])
		for _, field := range []uint32{right, 0, right + 1, right ^ 0x8000} {
			packet := set(packet, 10, byte(field>>8), byte(field))
			for _, verify := range []bool{true, false} {
				var p Packet
				r := New(Options{VerifyChecksums: verify}).Decode(&Raw{Data: packet, Length: len(packet), LinkType: linkRaw}, &p)
				if want := verify && field != right; r != OK || p.BadHeader != want {
					t.Errorf("%d octets of options, %#x for %#x: %v, bad header %v", len(options), uint16(field), uint16(right), r, p.BadHeader)
				}
			}
		}
	}
}

func TestChecksums(t *testing.T) {
	plain4, plain6 := ip4(6, tcpOctets(timestamps, hello)), ip6(6, tcpOctets(timestamps, hello))
	long := ip4(6, tcpOctets(nil, make([]byte, 1460)))
	const length = 37
	// A segment whose right checksum is 0: its data makes up for all else.
	zero := ip4(6, tcpOctets(nil, make([]byte, 2)))
	rest := wordSum(pseudo(zero, 22), zero[20:])
	zero = set(zero, 40, byte(^rest>>8), byte(^rest))

	for _, test := range []struct {
		name   string
		packet []byte
		want   Checksum
	}{
		{"IPv4", summed(plain4), ChecksumGood},
		{"IPv6", summed(plain6), ChecksumGood},
		{"1460 octets", summed(long), ChecksumGood},
		{"padding is not summed", cat(summed(plain4), unhex("ffff ffff")), ChecksumGood},
		{"right and 0", zero, ChecksumGood},
		{"0", plain4, ChecksumBad},
		{"one bit wrong", set(summed(plain4), len(plain4)-1, 'n'), ChecksumBad},
		{"left to the card, IPv4", withField(plain4, pseudo(plain4, length)), ChecksumOffload},
		{"left to the card, IPv6", withField(plain6, pseudo(plain6, length)), ChecksumOffload},
		{"left to the card with the split", withField(plain4, pseudo(plain4, 0)), ChecksumOffload},
		{"left to the card, length 0", set(withField(long, pseudo(long, 0)), 2, 0, 0), ChecksumOffload},
		{"wrong, length a guess", set(plain4, 2, 0, 0), ChecksumUnverified},
		{"right, length a guess", set(summed(plain4), 2, 0, 0), ChecksumGood},
		{"Home Address", ip6(60, cat(unhex("0602 0102 0000 c910 00000000000000000000000000000001"), tcpOctets(nil, nil))), ChecksumUnverified},
		{"route to go, IPv6", ip6(43, cat(unhex("0602 0001 00000000 00000000000000000000000000000001"), tcpOctets(nil, nil))), ChecksumUnverified},
		{"route done, IPv6", ip6(43, cat(unhex("0602 0000 00000000 00000000000000000000000000000001"), tcpOctets(nil, nil))), ChecksumBad},
		{"route to go, IPv4", set(ip4(6, cat(unhex("83070407070707 00"), tcpOctets(nil, nil))), 0, 0x47), ChecksumUnverified},
		{"route done, IPv4", set(ip4(6, cat(unhex("83070807070707 00"), tcpOctets(nil, nil))), 0, 0x47), ChecksumBad},
	} {
		d := New(Options{VerifyChecksums: true})
		raw := Raw{Data: test.packet, Length: len(test.packet), LinkType: linkRaw}
		var p Packet
		if r := d.Decode(&raw, &p); r != OK || p.Checksum != test.want {
			t.Errorf("%s: %v, checksum %d, want %d", test.name, r, p.Checksum, test.want)
		}
		if p, _ := decodeAll(linkRaw, test.packet); p.Checksum != ChecksumUnverified {
			t.Errorf("%s: verified without being asked", test.name)
		}
	}

	d := New(Options{VerifyChecksums: true})
	var p Packet
	for _, ip := range [][]byte{plain4, plain6, long} {
		good := summed(ip)
		start := 20
		if ip[0]>>4 == 6 {
			start = 40
		}
		want := binary.BigEndian.Uint16(good[start+16:])
		for _, seen := range []uint16{0, want + 1, want ^ 0x8000} {
			bad := withField(ip, uint32(seen))
			d.Decode(&Raw{Data: bad, Length: len(bad), LinkType: linkRaw}, &p)
			if p.Checksum != ChecksumBad || p.SumSeen != seen || p.SumWant != want {
				t.Errorf("checksum %d, seen %#04x for %#04x, wanted %#04x for %#04x", p.Checksum, p.SumSeen, seen, p.SumWant, want)
			}
		}
	}

	raw := Raw{Data: plain4[:len(plain4)-1], Length: len(plain4), LinkType: linkRaw}
	if r := d.Decode(&raw, &p); r != OK || p.Checksum != ChecksumUnverified {
		t.Errorf("last octet cut: %v, checksum %d", r, p.Checksum)
	}
}
