package decode

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// decodeAll decodes a packet that was captured whole.
func decodeAll(linkType int, data []byte) (Packet, Reason) {
	var p Packet
	r := New(Options{}).Decode(&Raw{Data: data, Length: len(data), LinkType: linkType}, &p)
	return p, r
}

// decodeCut decodes a packet of which only the first n octets were captured.
func decodeCut(linkType int, data []byte, n int) (Packet, Reason) {
	var p Packet
	r := New(Options{}).Decode(&Raw{Data: data[:n:n], Length: len(data), LinkType: linkType}, &p)
	return p, r
}

var hello = []byte("hello")

func TestDecodeFillsEveryField(t *testing.T) {
	var p Packet
	p.Segment.MSS, p.Truncated, p.Payload = 1, true, hello // left from a packet before
	frame := ether(0x0800, ip4(6, tcpOctets(timestamps, hello)))
	raw := Raw{Data: frame, Time: 17, Frame: fsm.NewFrame(2, 9), Length: len(frame) + 4, LinkType: linkEthernet, Interface: 3}
	if r := New(Options{}).Decode(&raw, &p); r != OK {
		t.Fatal(r)
	}
	if p.Src.Addr().String() != client4 || p.Dst.Addr().String() != server4 {
		t.Errorf("addresses %v, %v", p.Src.Addr(), p.Dst.Addr())
	}
	if string(p.Payload) != "hello" {
		t.Errorf("payload %q", p.Payload)
	}
	p.Src.IP, p.Dst.IP, p.Payload = [16]byte{}, [16]byte{}, nil
	want := Packet{
		Frame: fsm.NewFrame(2, 9), Time: 17, Interface: 3,
		Src: Endpoint{Port: 40000}, Dst: Endpoint{Port: 80},
		Segment: fsm.Segment{
			Seq: 1000, Ack: 5000, Len: 5, Flags: fsm.ACK | fsm.PSH, Window: 502,
			Opts: fsm.OptTimestamps, TSVal: 1, TSEcr: 2,
		},
		IPID: 0x1234, HasIPID: true, TTL: 64, DF: true,
		HeaderLen: 32, IPLen: 57, WireLen: 75, Addressed: true, LinkSrc: 0x020000000001, LinkDst: 0x020000000002,
	}
	if diff := difference(p, want); diff != "" {
		t.Error(diff)
	}
}

func TestLinkTypes(t *testing.T) {
	v4, v6 := ip4(6, tcpOctets(nil, hello)), ip6(6, tcpOctets(nil, hello))
	cooked := unhex("0000 0001 0006 020000000001 0000")
	cooked2 := unhex("0000 00000007 0001 00 06 020000000001 0000")
	for _, test := range []struct {
		name     string
		linkType int
		packet   []byte
		encap    string
	}{
		{"Ethernet, IPv4", 1, ether(0x0800, v4), ""},
		{"Ethernet, IPv6", 1, ether(0x86dd, v6), ""},
		{"802.1Q", 1, ether(0x8100, cat(unhex("a00c 0800"), v4)), "vlan 12"},
		{"802.1ad", 1, ether(0x88a8, cat(unhex("0064 8100 000c 86dd"), v6)), "vlan 100.12"},
		{"old QinQ", 1, ether(0x9100, cat(unhex("0064 8100 000c 0800"), v4)), "vlan 100.12"},
		{"four tags", 1, ether(0x8100, cat(unhex("0001 8100 0002 8100 0003 8100 0fff 0800"), v4)), "vlan 1.2.3.4095"},
		{"priority tag", 1, ether(0x8100, cat(unhex("e000 0800"), v4)), ""},
		{"802.3 with SNAP", 1, ether(8+len(v4), cat(unhex("aaaa03 000000 0800"), v4)), ""},
		{"raw 12, IPv4", 12, v4, ""},
		{"raw 14, IPv6", 14, v6, ""},
		{"raw 101, IPv4", 101, v4, ""},
		{"raw 101, IPv6", 101, v6, ""},
		{"raw IPv4", 228, v4, ""},
		{"raw IPv6", 229, v6, ""},
		{"null, little-endian IPv4", 0, cat(unhex("02000000"), v4), ""},
		{"null, big-endian IPv4", 0, cat(unhex("00000002"), v4), ""},
		{"null, NetBSD", 0, cat(unhex("18000000"), v6), ""},
		{"null, FreeBSD", 0, cat(unhex("1c000000"), v6), ""},
		{"null, macOS", 0, cat(unhex("1e000000"), v6), ""},
		{"null, big-endian macOS", 0, cat(unhex("0000001e"), v6), ""},
		{"null, Linux", 0, cat(unhex("0a000000"), v6), ""},
		{"loop, IPv4", 108, cat(unhex("00000002"), v4), ""},
		{"loop, IPv6", 108, cat(unhex("00000018"), v6), ""},
		{"cooked v1, IPv4", 113, cat(cooked, unhex("0800"), v4), ""},
		{"cooked v1, IPv6", 113, cat(cooked, unhex("86dd"), v6), ""},
		{"cooked v1, address length 65535", 113, cat(set(cooked, 4, 0xff, 0xff), unhex("0800"), v4), ""},
		{"cooked v1, VLAN", 113, cat(cooked, unhex("8100 000c 0800"), v4), "vlan 12"},
		{"cooked v2, IPv4", 276, cat(unhex("0800"), cooked2, v4), ""},
		{"cooked v2, IPv6", 276, cat(unhex("86dd"), cooked2, v6), ""},
		{"cooked v2, VLAN", 276, cat(unhex("8100"), cooked2, unhex("000c 0800"), v4), "vlan 12"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !KnownLinkType(test.linkType) {
				t.Errorf("link type %d is not known", test.linkType)
			}
			d := New(Options{})
			var p Packet
			raw := Raw{Data: test.packet, Length: len(test.packet), LinkType: test.linkType}
			if r := d.Decode(&raw, &p); r != OK {
				t.Fatal(r)
			}
			if p.Src.Port != 40000 || p.Segment.Seq != 1000 || string(p.Payload) != "hello" {
				t.Errorf("port %d, seq %d, payload %q", p.Src.Port, p.Segment.Seq, p.Payload)
			}
			if got := d.EncapName(p.Encap); got != test.encap {
				t.Errorf("encapsulation %q, want %q", got, test.encap)
			}
			if (p.Encap == 0) != (test.encap == "") {
				t.Errorf("number %d for %q", p.Encap, test.encap)
			}
			// Cut anywhere before the end of the TCP header, it is a cut header and no
			// other fault, with ports as soon as these are there.
			header := len(test.packet) - len("hello")
			for n := range header {
				p, r := decodeCut(test.linkType, test.packet, n)
				if r != TruncatedHeader {
					t.Errorf("cut to %d octets: %v", n, r)
				}
				if ports := n >= header-16; p.Addressed != ports {
					t.Errorf("cut to %d octets: addressed %v", n, p.Addressed)
				}
			}
		})
	}
}

func TestCookedHeaderFields(t *testing.T) {
	v4 := ip4(6, tcpOctets(nil, nil))
	for _, test := range []struct {
		name     string
		linkType int
		packet   []byte
		way      process.Direction
		index    uint32
	}{
		{"v1 received", 113, cat(unhex("0000 0001 0006 020000000001 0000 0800"), v4), process.Inbound, 0},
		{"v1 sent", 113, cat(unhex("0004 0001 0006 020000000001 0000 0800"), v4), process.Outbound, 0},
		{"v1 for another host", 113, cat(unhex("0003 0001 0006 020000000001 0000 0800"), v4), process.UnknownDirection, 0},
		{"v2 received", 276, cat(unhex("0800 0000 00010007 0001 00 06 020000000001 0000"), v4), process.Inbound, 0x10007},
		{"v2 sent", 276, cat(unhex("0800 0000 00000007 0001 04 06 020000000001 0000"), v4), process.Outbound, 7},
	} {
		p, r := decodeAll(test.linkType, test.packet)
		if r != OK || p.Way != test.way || p.LinkIndex != test.index {
			t.Errorf("%s: %v, way %v, index %d", test.name, r, p.Way, p.LinkIndex)
		}
	}
}

func TestReasons(t *testing.T) {
	segment := tcpOctets(nil, hello)
	v4, v6 := ip4(6, segment), ip6(6, segment)
	many := unhex("0001 8100")
	for range 5 {
		many = cat(many, many)
	}
	var padding []byte // destination options with nothing in them
	for range 20 {
		padding = cat(padding, unhex("3c00 010400000000"))
	}
	tests := []struct {
		name     string
		linkType int
		packet   []byte
		want     Reason
	}{
		{"whole packet", 101, v4, OK},
		{"FDDI", 10, v4, UnknownLinkType},
		{"USB", 189, v4, UnknownLinkType},
		{"20, which is 276 in eight bits", 20, v4, UnknownLinkType},
		{"265, which is PPP in eight bits", 265, v4, UnknownLinkType},
		{"negative link type", -1, v4, UnknownLinkType},

		{"Ethernet, 13 octets", 1, ether(0x0800, nil)[:13], LinkMalformed},
		{"half a VLAN tag", 1, ether(0x8100, unhex("000c 08")), LinkMalformed},
		{"cooked v1, 15 octets", 113, make([]byte, 15), LinkMalformed},
		{"cooked v2, 19 octets", 276, make([]byte, 19), LinkMalformed},
		{"null, 3 octets", 0, make([]byte, 3), LinkMalformed},

		{"ARP", 1, ether(0x0806, make([]byte, 28)), NotIP},
		{"LLDP", 1, ether(0x88cc, make([]byte, 46)), NotIP},
		{"spanning tree", 1, ether(38, unhex("424203 0000000000")), NotIP},
		{"802.3, nothing in it", 1, ether(0, nil), NotIP},
		{"SNAP of Cisco", 1, ether(8, unhex("aaaa03 00000c 2000")), NotIP},
		{"ARP behind a VLAN tag", 1, ether(0x8100, unhex("000c 0806 0001")), NotIP},
		{"cooked, Novell", 113, unhex("0000 0001 0006 020000000001 0000 0001 ffff"), NotIP},
		{"cooked, netlink", 113, unhex("0000 0338 0000 000000000000 0000 0800 45"), NotIP},
		{"null, AppleTalk", 0, unhex("10000000 00"), NotIP},
		{"null, PPP", 0, unhex("ff030021 45"), NotIP},

		{"too many tags", 1, ether(0x8100, many), TooManyHeaders},
		{"too many extension headers", 101, ip6(60, cat(padding, segment)), TooManyHeaders},

		{"TRILL", 1, ether(0x22f3, make([]byte, 40)), Tunnel},
		{"NSH", 1, ether(0x894f, make([]byte, 40)), Tunnel},
		{"MACsec", 1, ether(0x88e5, make([]byte, 40)), Tunnel},
		{"L2TP, version 3", 101, ip4(115, make([]byte, 40)), Tunnel},
		{"L2TP, version 3, in a fragment", 101, set(ip4(115, make([]byte, 40)), 6, 0x20, 0x00), Tunnel},

		{"nothing at all", 101, nil, IPMalformed},
		{"version 5", 101, set(v4, 0, 0x55), IPMalformed},
		{"version 6 announced as IPv4", 228, v6, IPMalformed},
		{"version 4 announced as IPv6", 229, cat(v4, v4), IPMalformed},
		{"IPv4, 19 octets", 101, v4[:19], IPMalformed},
		{"IPv6, 39 octets", 101, v6[:39], IPMalformed},
		{"IPv4 header length 16", 101, set(v4, 0, 0x44), IPMalformed},
		{"IPv4 total below header length", 101, set(v4, 2, 0, 19), IPMalformed},
		{"IPv4 total below header length, a fragment", 101, set(v4, 2, 0, 19, 0, 0, 0x20), IPMalformed},
		{"IPv4 header longer than the packet", 101, set(v4, 0, 0x4f), IPMalformed},
		{"AH in IPv4 longer than the packet", 101, ip4(51, unhex("06ff 0000 00000001 00000001")), IPMalformed},
		{"AH in IPv4 too short", 101, ip4(51, unhex("0600 0000 00000001 00000001")), IPMalformed},

		{"extension header of 4 octets", 101, ip6(60, unhex("06000000")), IPv6ExtensionMalformed},
		{"extension header longer than the packet", 101, ip6(60, unhex("0601 010400000000")), IPv6ExtensionMalformed},
		{"hop-by-hop not first", 101, ip6(60, cat(unhex("0000 010400000000 0600 010400000000"), segment)), IPv6ExtensionMalformed},
		{"hop-by-hop options overrun", 101, ip6(0, cat(unhex("0600 050900000000"), segment)), IPv6ExtensionMalformed},
		{"jumbo with a payload length", 101, ip6(0, cat(unhex("0600 c20400010000"), segment)), IPv6ExtensionMalformed},
		{"jumbo of 65535", 101, set(ip6(0, cat(unhex("0600 c2040000ffff"), segment)), 4, 0, 0), IPv6ExtensionMalformed},
		{"jumbo option of 3 octets", 101, set(ip6(0, cat(unhex("0600 c20300010000"), segment)), 4, 0, 0), IPv6ExtensionMalformed},
		{"fragment header of 7 octets", 101, ip6(44, unhex("06000000 000000")), IPv6ExtensionMalformed},
		{"AH of 11 octets", 101, ip6(51, unhex("0601 0000 00000001 000000")), IPv6ExtensionMalformed},

		{"ESP in IPv4", 101, ip4(50, make([]byte, 40)), Encrypted},
		{"ESP in IPv6", 101, ip6(50, make([]byte, 40)), Encrypted},
		{"ESP in a later fragment", 101, set(ip4(50, make([]byte, 40)), 6, 0x00, 0x01), Encrypted},
		{"ESP in an IPv6 fragment", 101, ip6(44, cat(unhex("3200 00b9 00000001"), make([]byte, 8))), Encrypted},

		{"UDP", 101, ip4(17, make([]byte, 8)), NotTCP},
		{"ICMPv6", 101, ip6(58, make([]byte, 8)), NotTCP},
		{"no next header", 101, ip6(59, nil), NotTCP},
		{"UDP in a later fragment", 101, set(ip4(17, make([]byte, 8)), 6, 0x00, 0xb9), NotTCP},
		{"UDP in an IPv6 fragment", 101, ip6(44, cat(unhex("1100 00b9 00000001"), make([]byte, 8))), NotTCP},

		{"first fragment", 101, set(v4, 6, 0x20, 0x00), Fragment},
		{"later fragment", 101, set(v4, 6, 0x00, 0x01), Fragment},
		{"first IPv6 fragment", 101, ip6(44, cat(unhex("0600 0001 00000001"), segment)), Fragment},
		{"later IPv6 fragment", 101, ip6(44, cat(unhex("0600 00b8 00000001"), segment)), Fragment},
		{"fragment of an extension header", 101, ip6(44, cat(unhex("3c00 0001 00000001"), unhex("0600 010400000000"), segment)), Fragment},
		{"fragment behind other extension headers", 101, ip6(0, cat(unhex("2c00 010400000000 0600 0001 00000001"), segment)), Fragment},

		{"host unreachable", 101, icmp4(3, 1, make([]byte, 4), v4), ICMPErrorMessage},
		{"19 octets of TCP", 101, ip4(6, segment[:19]), TCPMalformed},
		{"no octet of TCP", 101, ip4(6, nil), TCPMalformed},
		{"no octet of TCP behind length 0", 101, ip6(6, nil), TCPMalformed},
		{"data offset 4", 101, ip4(6, set(segment, 12, 0x40)), TCPMalformed},
		{"data offset 0", 101, ip6(6, set(segment, 12, 0x00)), TCPMalformed},
		{"data offset behind the segment", 101, ip4(6, set(segment, 12, 0x70)), TCPMalformed},
	}
	seen := [NumReasons]bool{TruncatedHeader: true} // TestLinkTypes has it
	for _, test := range tests {
		seen[test.want] = true
		if _, r := decodeAll(test.linkType, test.packet); r != test.want {
			t.Errorf("%s: %v, want %v", test.name, r, test.want)
		}
	}
	for r := range NumReasons {
		if !seen[r] {
			t.Errorf("no test gives %v", r)
		}
	}
}

// A header that is wrong still names the connection it hurts.
func TestMalformedHeaderIsAddressed(t *testing.T) {
	segment := tcpOctets(nil, hello)
	p, r := decodeAll(linkRaw, ip4(6, set(segment, 12, 0x40)))
	if r != TCPMalformed || !p.Addressed {
		t.Fatalf("%v, addressed %v", r, p.Addressed)
	}
	s := p.Segment
	if p.Src.Port != 40000 || p.Dst.Port != 80 || s.Seq != 1000 || s.Ack != 5000 || s.Flags != fsm.ACK|fsm.PSH || p.HeaderLen != 16 {
		t.Errorf("%+v", p)
	}
	p, r = decodeAll(linkRaw, ip4(6, segment[:4]))
	if r != TCPMalformed || !p.Addressed || p.Src.Port != 40000 || p.Dst.Port != 80 {
		t.Errorf("4 octets of TCP: %v, %+v", r, p)
	}
	p, r = decodeAll(linkRaw, ip4(6, segment[:3]))
	if r != TCPMalformed || p.Addressed {
		t.Errorf("3 octets of TCP: %v, %+v", r, p)
	}
}

func TestReasonNamesAreDistinct(t *testing.T) {
	names := map[string]Reason{}
	for r := range NumReasons {
		name := r.String()
		if other, ok := names[name]; ok || name == "" {
			t.Errorf("%d and %d are both called %q", other, r, name)
		}
		names[name] = r
	}
	if got := NumReasons.String(); got != "unknown-reason" {
		t.Error(got)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	syn := tcpOctets(unhex("020405b4 0402 080a 00000001 00000000 01 030307"), nil)
	for name, frame := range map[string][]byte{
		"IPv4":            ether(0x0800, ip4(6, tcpOctets(timestamps, hello))),
		"IPv4 options":    ether(0x0800, set(ip4(6, cat(unhex("94040000"), syn)), 0, 0x46)),
		"IPv6":            ether(0x86dd, ip6(6, tcpOctets(timestamps, hello))),
		"IPv6 hop-by-hop": ether(0x86dd, ip6(0, cat(unhex("0600 010400000000"), syn))),
		"IPv6 length 0":   ether(0x86dd, set(ip6(6, syn), 4, 0, 0)),
		"QinQ":            ether(0x88a8, cat(unhex("0064 8100 000c 0800"), ip4(6, syn))),
		"bad options":     ether(0x0800, ip4(6, tcpOctets(unhex("020405b4 04000000"), nil))),
		"bad offset":      ether(0x0800, ip4(6, set(syn, 12, 0x40))),
		"fragment":        ether(0x0800, set(ip4(6, syn), 6, 0, 1)),
		"UDP":             ether(0x0800, ip4(17, syn)),
		"ARP":             ether(0x0806, make([]byte, 28)),
		"version 5":       ether(0x0800, set(ip4(6, syn), 0, 0x55)),
	} {
		d := New(Options{VerifyChecksums: true})
		raw := Raw{Data: frame, Length: len(frame), LinkType: linkEthernet}
		var p Packet
		d.Decode(&raw, &p)
		if n := testing.AllocsPerRun(100, func() { d.Decode(&raw, &p) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
