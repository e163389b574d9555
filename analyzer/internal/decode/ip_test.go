package decode

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The length of a segment's data comes from the IP header, whatever else was
// captured with it or cut off it.
func TestLengths(t *testing.T) {
	segment := tcpOctets(timestamps, hello) // 32 + 5 octets
	v4, v6 := ip4(6, segment), ip6(6, segment)
	big := ip4(6, tcpOctets(nil, make([]byte, 79_960)))
	big6 := ip6(6, tcpOctets(nil, make([]byte, 79_960)))
	jumbo := ip6(0, cat(unhex("0600 c204"), u32(8+20+79_960), tcpOctets(nil, make([]byte, 79_960))))
	const ether14, v4Header, v6Header, tcpHeader = 14, 20, 40, 32

	type want struct {
		length     uint32
		payload    int // octets of it captured
		truncated  bool
		optionsCut bool
		overlong   bool
		zeroLength bool
	}
	for _, test := range []struct {
		name   string
		packet []byte // with an EtherType by its version
		cut    int    // captured octets of IP, -1 for all
		wire   int    // octets of the IP packet on the wire, 0 for len(packet)
		want   want
	}{
		{"whole", v4, -1, 0, want{length: 5, payload: 5}},
		{"padding", cat(ip4(6, tcpOctets(nil, nil)), make([]byte, 6)), -1, 0, want{}},
		{"padding, IPv6", cat(v6, make([]byte, 4)), -1, 0, want{length: 5, payload: 5}},
		{"check sequence behind the data", cat(v4, unhex("deadbeef")), -1, 0, want{length: 5, payload: 5}},
		{"check sequence cut off", cat(v4, unhex("deadbeef")), len(v4), 0, want{length: 5, payload: 5}},
		{"data cut", v4, v4Header + tcpHeader + 2, 0, want{length: 5, payload: 2, truncated: true}},
		{"all data cut", v4, v4Header + tcpHeader, 0, want{length: 5, truncated: true}},
		{"options cut", v4, v4Header + 24, 0, want{length: 5, truncated: true, optionsCut: true}},
		{"all options cut", v6, v6Header + 20, 0, want{length: 5, truncated: true, optionsCut: true}},
		{"more claimed than there was", v4, len(v4) - 3, len(v4) - 3, want{length: 5, payload: 2, truncated: true, overlong: true}},
		{"wire length below what was captured", v4, -1, len(v4) - 3, want{length: 5, payload: 5}},

		{"IPv4 length 0", set(v4, 2, 0, 0), -1, 0, want{length: 5, payload: 5, zeroLength: true}},
		{"IPv4 length 0, above 65535", set(big, 2, 0, 0), -1, 0, want{length: 79_960, payload: 79_960, zeroLength: true}},
		{"IPv4 length 0, above 65535, cut", set(big, 2, 0, 0), 96, 0, want{length: 79_960, payload: 56, truncated: true, zeroLength: true}},
		{"IPv6 length 0", set(v6, 4, 0, 0), -1, 0, want{length: 5, payload: 5, zeroLength: true}},
		{"IPv6 length 0, above 65535, cut", set(big6, 4, 0, 0), 96, 0, want{length: 79_960, payload: 36, truncated: true, zeroLength: true}},
		{"IPv6 length 0, hop-by-hop without jumbo", set(ip6(0, cat(unhex("0600 010400000000"), segment)), 4, 0, 0), -1, 0, want{length: 5, payload: 5, zeroLength: true}},
		{"jumbogram", set(jumbo, 4, 0, 0), -1, 0, want{length: 79_960, payload: 79_960}},
		{"jumbogram, cut", set(jumbo, 4, 0, 0), 96, 0, want{length: 79_960, payload: 28, truncated: true}},
	} {
		etherType := 0x0800
		if test.packet[0]>>4 == 6 {
			etherType = 0x86dd
		}
		wire := len(test.packet)
		if test.wire != 0 {
			wire = test.wire
		}
		frame := ether(etherType, test.packet)
		raw := Raw{Data: frame, Length: ether14 + wire, LinkType: linkEthernet}
		if test.cut >= 0 {
			raw.Data = frame[: ether14+test.cut : ether14+test.cut]
		}
		var p Packet
		if r := New(Options{}).Decode(&raw, &p); r != OK {
			t.Errorf("%s: %v", test.name, r)
			continue
		}
		got := want{p.Segment.Len, len(p.Payload), p.Truncated, p.OptionsCut, p.Overlong, p.ZeroLength}
		if got != test.want {
			t.Errorf("%s:\n got %+v\nwant %+v", test.name, got, test.want)
		}
		if p.Segment.Opts&^fsm.OptCut != 0 && p.OptionsCut {
			t.Errorf("%s: cut options %b are no fault", test.name, p.Segment.Opts)
		}
	}
}

func TestIPv4Fields(t *testing.T) {
	segment := tcpOctets(nil, hello)
	for _, test := range []struct {
		name      string
		packet    []byte
		id        uint16
		has, df   bool
		ttl, tos  uint8
		headerLen int
	}{
		{"plain", ip4(6, segment), 0x1234, true, true, 64, 0, 20},
		{"ECN and DSCP", set(ip4(6, segment), 1, 0xbb), 0x1234, true, true, 64, 0xbb, 20},
		{"TTL 1", set(ip4(6, segment), 8, 1), 0x1234, true, true, 1, 0, 20},
		{"atomic with identification 0", set(ip4(6, segment), 4, 0, 0), 0, false, true, 64, 0, 20},
		{"identification 0, may be fragmented", set(ip4(6, segment), 4, 0, 0, 0, 0), 0, true, false, 64, 0, 20},
		{"reserved flag", set(ip4(6, segment), 6, 0x80, 0), 0x1234, true, false, 64, 0, 20},
		{"router alert", set(ip4(6, cat(unhex("94040000"), segment)), 0, 0x46), 0x1234, true, true, 64, 0, 24},
		{"most options", set(ip4(6, cat(bytes.Repeat([]byte{1}, 40), segment)), 0, 0x4f), 0x1234, true, true, 64, 0, 60},
		{"option overruns the header", set(ip4(6, cat(unhex("94ff0000"), segment)), 0, 0x46), 0x1234, true, true, 64, 0, 24},
		{"Authentication Header", ip4(51, cat(unhex("0604 0000 00000001 00000001 112233445566778899aabbcc"), segment)), 0x1234, true, true, 64, 0, 20},
	} {
		p, r := decodeAll(linkRaw, test.packet)
		if r != OK {
			t.Errorf("%s: %v", test.name, r)
			continue
		}
		if p.IPID != test.id || p.HasIPID != test.has || p.DF != test.df || p.TTL != test.ttl || p.TOS != test.tos {
			t.Errorf("%s: %+v", test.name, p)
		}
		if p.Src.Addr().String() != client4 || p.Dst.Addr().String() != server4 || p.Segment.Seq != 1000 || string(p.Payload) != "hello" {
			t.Errorf("%s: %+v", test.name, p)
		}
	}
}

// TestSourceRoutes has IPv4 options, padded to a whole header. What comes behind
// an option whose length cannot be means nothing.
func TestSourceRoutes(t *testing.T) {
	for _, test := range []struct {
		name, options string
		want          bool // hops to go: the TCP checksum covers another destination
	}{
		{"none", "", false},
		{"loose, hops to go", "8307 04 0a000001 00", true},
		{"strict, hops to go", "8907 04 0a000001 00", true},
		{"at its end", "8307 08 0a000001 00", false},
		{"behind padding", "01 8307 04 0a000001", true},
		{"behind an option without data", "9602 8307 04 0a000001 000000", true},
		{"behind the end of the list", "00 8307 04 0a000001", false},
		{"behind an option of length 1", "9401 8307 04 0a000001 000000", false},
		{"behind an option of length 0", "9400 8307 04 0a000001 000000", false},
		{"behind one longer than the header", "9440 8307 04 0a000001 000000", false},
		{"without a pointer", "8302 0000", false},
		{"longer than the header", "830b 04 0a000001 00", false},
		{"only its kind", "01010183", false},
	} {
		options := unhex(test.options)
		packet := set(ip4(6, cat(options, tcpOctets(nil, hello))), 0, byte(0x45+len(options)/4))
		p, r := decodeAll(linkRaw, packet)
		if r != OK || p.Src.Addr().String() != client4 || p.Dst.Addr().String() != server4 || string(p.Payload) != "hello" {
			t.Errorf("%s: %v, %+v", test.name, r, p)
		}
		if got := sourceRouted(options); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestIPv4OptionsCut(t *testing.T) {
	packet := set(ip4(6, cat(unhex("94040000"), tcpOctets(nil, hello))), 0, 0x46)
	for n := 20; n < 24+20; n++ {
		if p, r := decodeCut(linkRaw, packet, n); r != TruncatedHeader || p.Addressed != (n >= 24+4) {
			t.Errorf("cut to %d octets: %v, addressed %v", n, r, p.Addressed)
		}
	}
}

func TestIPv6Extensions(t *testing.T) {
	segment := tcpOctets(nil, hello)
	for _, test := range []struct {
		name   string
		packet []byte
	}{
		{"none", ip6(6, segment)},
		{"hop-by-hop", ip6(0, cat(unhex("0600 050200000100"), segment))},
		{"routing", ip6(43, cat(unhex("0600 0000 00000000"), segment))},
		{"destination, 16 octets", ip6(60, cat(unhex("0601 010c000000000000000000000000"), segment))},
		{"atomic fragment", ip6(44, cat(unhex("0600 0000 deadbeef"), segment))},
		{"atomic fragment, reserved bits set", ip6(44, cat(unhex("06ff 0006 deadbeef"), segment))},
		{"authentication", ip6(51, cat(unhex("0604 0000 00000001 00000001 112233445566778899aabbcc"), segment))},
		{"mobility", ip6(135, cat(unhex("0600 0000 0000 0000"), segment))},
		{"HIP", ip6(139, cat(unhex("0600 0000 0000 0000"), segment))},
		{"shim6", ip6(140, cat(unhex("0600 0000 0000 0000"), segment))},
		{"several", ip6(0, cat(
			unhex("3c00 010400000000"),
			unhex("2b00 010400000000"),
			unhex("2c00 0000 00000000"),
			unhex("3c00 0000 00000001"),
			unhex("0600 010400000000"), segment))},
	} {
		p, r := decodeAll(linkRaw, test.packet)
		if r != OK {
			t.Errorf("%s: %v", test.name, r)
			continue
		}
		if p.Src.Addr().String() != client6 || p.Dst.Addr().String() != server6 {
			t.Errorf("%s: addresses %v, %v", test.name, p.Src.Addr(), p.Dst.Addr())
		}
		if p.Segment.Seq != 1000 || p.Segment.Len != 5 || string(p.Payload) != "hello" {
			t.Errorf("%s: %+v", test.name, p)
		}
		if p.TTL != 64 || p.TOS != 0 || !p.DF || p.HasIPID {
			t.Errorf("%s: %+v", test.name, p)
		}
		// Cut anywhere before the TCP header, it is a cut header.
		for n := range len(test.packet) - len(segment) {
			if _, r := decodeCut(linkRaw, test.packet, n); r != TruncatedHeader {
				t.Errorf("%s, cut to %d octets: %v", test.name, n, r)
			}
		}
	}
	p, _ := decodeAll(linkRaw, set(ip6(6, segment), 0, 0x6a, 0xb1, 0x23, 0x45))
	if p.TOS != 0xab {
		t.Errorf("traffic class %#x, want 0xab", p.TOS)
	}
}
