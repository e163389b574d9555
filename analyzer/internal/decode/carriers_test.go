package decode

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// A carrier is a packet that carries a segment in some way.
type carrier struct {
	name     string
	linkType int
	packet   []byte
	encap    string
	labels   string
}

// carriers returns one packet for each way that TCP is carried, written octet
// by octet. All carry the same segment between the same addresses; packets
// around them have others.
func carriers() []carrier {
	v4, v6 := ip4(6, tcpOctets(nil, hello)), ip6(6, tcpOctets(nil, hello))
	frame := ether(0x0800, v4)
	wifi := unhex("0801 0000 020000000001 020000000002 020000000003 1000")
	qosWifi := cat(unhex("88"), wifi[1:], unhex("0000"))
	return []carrier{
		// Labels between the Ethernet header and IP.
		{"MPLS", 1, ether(0x8847, cat(unhex("00010 140"), v4)), "", "mpls 16"},
		{"MPLS, two labels", 1, ether(0x8847, cat(unhex("00010 040 00011 140"), v6)), "", "mpls 16.17"},
		{"MPLS, upstream", 1, ether(0x8848, cat(unhex("fffff 140"), v4)), "", "mpls 1048575"},
		{"MPLS behind a VLAN tag", 1, ether(0x8100, cat(unhex("000c 8847 00010 140"), v4)), "vlan 12", "mpls 16"},
		{"MPLS, frame with control word", 1, ether(0x8847, cat(unhex("00010 140 00000000"), frame)), "", "mpls 16"},
		{"MPLS, frame without control word", 1, ether(0x8847, cat(unhex("00010 140"), frame)), "", "mpls 16"},
		{"MPLS, frame to an address beginning with 4", 1, ether(0x8847, cat(unhex("00010 140"), set(frame, 0, 0x40))), "", "mpls 16"},
		{"MPLS, frame to an address like an IPv4 header", 1, ether(0x8847, cat(unhex("00010 140"), set(frame, 0, 0x45, 0, 0xff, 0xff))), "", "mpls 16"},
		{"MPLS, frame to an address like a short IPv4 packet", 1, ether(0x8847, cat(unhex("00010 140"), set(frame, 0, 0x45, 0, 0, 19))), "", "mpls 16"},
		{"MPLS, IPv4 of length 0", 1, ether(0x8847, cat(unhex("00010 140"), set(v4, 2, 0, 0))), "", "mpls 16"},
		{"MPLS, frame to an address beginning with 6", 1, ether(0x8847, cat(unhex("00010 140"), set(frame, 0, 0x60, 0, 0, 0, 0xff, 0xff))), "", "mpls 16"},
		{"MPLS, frame to an address beginning with a", 1, ether(0x8847, cat(unhex("00010 140"), set(frame, 0, 0xac))), "", "mpls 16"},
		{"MPLS, tagged frame", 1, ether(0x8847, cat(unhex("00010 140 00000000"), ether(0x8100, cat(unhex("000c 0800"), v4)))), "vlan 12", "mpls 16"},
		{"MPLS in IP", 101, outer4(137, cat(unhex("00010 140"), v4)), "", "mpls 16"},

		// What bridges put around frames.
		{"802.1ah", 1, ether(0x88e7, cat(unhex("00 001234"), frame)), "pbb 4660", ""},
		{"802.1BR", 1, ether(0x893f, cat(unhex("1000 00d3 0000 0800"), v4)), "", "e-tag 211"},
		{"FabricPath", 1, ether(0x8903, cat(unhex("4020"), frame)), "", "fabricpath 256"},

		// PPP and what carries it.
		{"PPPoE, IPv4", 1, ether(0x8864, cat(unhex("11 00 0011"), u16(2+len(v4)), unhex("0021"), v4)), "pppoe 17", ""},
		{"PPPoE, IPv6", 1, ether(0x8864, cat(unhex("11 00 0011"), u16(2+len(v6)), unhex("0057"), v6)), "pppoe 17", ""},
		{"PPPoE link type", 51, cat(unhex("11 00 0011"), u16(2+len(v4)), unhex("0021"), v4), "pppoe 17", ""},
		{"PPP", 9, cat(unhex("0021"), v4), "", ""},
		{"PPP, short protocol", 9, cat(unhex("21"), v4), "", ""},
		{"PPP in HDLC framing", 9, cat(unhex("ff03 0057"), v6), "", ""},
		{"PPP in HDLC framing, short protocol", 50, cat(unhex("ff03 21"), v4), "", ""},
		{"PPP, MPLS", 9, cat(unhex("ff03 0281 00010 140"), v4), "", "mpls 16"},
		{"Cisco HDLC", 50, cat(unhex("0f00 0800"), v4), "", ""},
		{"Cisco HDLC, broadcast", 104, cat(unhex("8f00 86dd"), v6), "", ""},
		{"PPP with direction", 204, cat(unhex("01 ff03 0021"), v4), "", ""},
		{"Cisco HDLC with direction", 205, cat(unhex("00 0f00 0800"), v4), "", ""},

		// IP in IP.
		{"IPv4 in IPv4", 101, outer4(4, v4), "4in4", ""},
		{"IPv6 in IPv4", 101, outer4(41, v6), "6in4", ""},
		{"IPv4 in IPv6", 101, outer6(4, v4), "4in6", ""},
		{"IPv6 in IPv6", 101, outer6(41, v6), "6in6", ""},
		{"IPv4 in IPv6 behind destination options", 101, outer6(60, cat(unhex("0400 010400000000"), v4)), "4in6", ""},
		{"IPv4 in IPv4 in IPv4", 101, outer4(4, outer4(4, v4)), "4in4 / 4in4", ""},
		{"EtherIP", 101, outer4(97, cat(unhex("3000"), frame)), "etherip", ""},

		// GRE.
		{"GRE", 101, outer4(47, cat(unhex("0000 0800"), v4)), "gre", ""},
		{"GRE in IPv6", 101, outer6(47, cat(unhex("0000 86dd"), v6)), "gre", ""},
		{"GRE, checksum", 101, outer4(47, cat(unhex("8000 0800 1234 0000"), v4)), "gre", ""},
		{"GRE, key", 101, outer4(47, cat(unhex("2000 0800 00000007"), v4)), "gre 7", ""},
		{"GRE, key 0", 101, outer4(47, cat(unhex("2000 0800 00000000"), v4)), "gre 0", ""},
		{"GRE, sequence number", 101, outer4(47, cat(unhex("1000 0800 00000001"), v4)), "gre", ""},
		{"GRE, all three", 101, outer4(47, cat(unhex("b000 0800 1234 0000 ffffffff 00000001"), v4)), "gre 4294967295", ""},
		{"GRE, frame", 101, outer4(47, cat(unhex("0000 6558"), ether(0x8100, cat(unhex("000c 0800"), v4)))), "gre / vlan 12", ""},
		{"GRE, MPLS", 101, outer4(47, cat(unhex("0000 8847 00010 140"), v4)), "gre", "mpls 16"},
		{"GRE, PPP", 101, outer4(47, cat(unhex("0000 880b 0021"), v4)), "gre", ""},
		{"GRE, WCCP", 101, outer4(47, cat(unhex("0000 883e"), v4)), "gre", ""},
		{"GRE, WCCP version 2", 101, outer4(47, cat(unhex("0000 883e 00000000"), v4)), "gre", ""},
		{"GRE in UDP", 101, outer4(17, udpOctets(4754, cat(unhex("2000 0800 00000007"), v4))), "gre 7", ""},
		{"PPTP", 101, outer4(47, cat(unhex("3001 880b"), u16(4+len(v4)), unhex("1234 00000001 ff03 0021"), v4)), "pptp", "pptp 4660"},
		{"PPTP, acknowledgment", 101, outer4(47, cat(unhex("3081 880b"), u16(1+len(v4)), unhex("1234 00000001 00000002 21"), v4)), "pptp", "pptp 4660"},
		{"ERSPAN, type I", 101, outer4(47, cat(unhex("0000 88be"), frame)), "erspan", ""},
		{"ERSPAN, type II", 101, outer4(47, cat(unhex("1000 88be 00000001 1001 0864 00000000"), frame)), "erspan 100", ""},
		{"ERSPAN, type III", 101, outer4(47, cat(unhex("1000 22eb 00000001 2001 0064 00000000 0000 0000"), frame)), "erspan 100", ""},
		{"ERSPAN, type III with subheader", 101, outer4(47, cat(unhex("1000 22eb 00000001 2001 0064 00000000 0000 0001 0000000000000000"), frame)), "erspan 100", ""},
		{"ERSPAN, type III, IP", 101, outer4(47, cat(unhex("1000 22eb 00000001 2001 0064 00000000 0000 0800"), v4)), "erspan 100", ""},

		// UDP.
		{"VXLAN", 101, outer4(17, udpOctets(4789, cat(unhex("08000000 001389 00"), frame))), "vxlan 5001", ""},
		{"VXLAN, Linux's first port", 101, outer6(17, udpOctets(8472, cat(unhex("08000000 ffffff 00"), frame))), "vxlan 16777215", ""},
		{"VXLAN, group", 101, outer4(17, udpOctets(4789, cat(unhex("88401234 001389 00"), frame))), "vxlan 5001", ""},
		{"VXLAN behind and around VLAN tags", 1, ether(0x8100, cat(unhex("000c 0800"), outer4(17, udpOctets(4789, cat(unhex("08000000 001389 00"), ether(0x8100, cat(unhex("000d 0800"), v4))))))), "vlan 12 / vxlan 5001 / vlan 13", ""},
		{"GENEVE", 101, outer4(17, udpOctets(6081, cat(unhex("00 00 6558 001389 00"), frame))), "geneve 5001", ""},
		{"GENEVE, options and IPv6", 101, outer6(17, udpOctets(6081, cat(unhex("02 40 86dd 001389 00 0102 80 01 00000000"), v6))), "geneve 5001", ""},
		{"GTP-U, IPv4", 101, outer4(17, udpOctets(2152, gtpUser(0x30, v4))), "gtp", "gtp 0x1234"},
		{"GTP-U, IPv6", 101, outer4(17, udpOctets(2152, gtpUser(0x30, v6))), "gtp", "gtp 0x1234"},
		{"GTP-U, sequence number", 101, outer4(17, udpOctets(2152, gtpUser(0x32, cat(unhex("0001 00 85"), v4)))), "gtp", "gtp 0x1234"},
		{"GTP-U, two extension headers", 101, outer4(17, udpOctets(2152, gtpUser(0x34, cat(unhex("0000 00 85 01 1009 40 02 010203040506 00"), v4)))), "gtp", "gtp 0x1234"},

		// 802.11.
		{"802.11", 105, cat(wifi, snap(0x0800, v4)), "", ""},
		{"802.11, QoS", 105, cat(qosWifi, snap(0x86dd, v6)), "", ""},
		{"802.11, QoS and HT control", 105, cat(set(qosWifi, 1, 0x81), unhex("00000000"), snap(0x0800, v4)), "", ""},
		{"802.11, four addresses", 105, cat(set(wifi, 1, 0x03), unhex("020000000004"), snap(0x0800, v4)), "", ""},
		{"radiotap", 127, cat(unhex("00 00 0900 02000000 10"), wifi, snap(0x0800, v4), unhex("deadbeef")), "", ""},
		{"radiotap, no fields", 127, cat(unhex("00 00 0800 00000000"), wifi, snap(0x0800, v4)), "", ""},
		{"radiotap, time", 127, cat(unhex("00 00 1100 03000000 ffffffffffffffff 10"), wifi, snap(0x0800, v4)), "", ""},
		{"radiotap, two words", 127, cat(unhex("00 00 1900 03000080 00000000 00000000 ffffffffffffffff 10"), wifi, snap(0x0800, v4)), "", ""},
		{"Prism", 119, cat(unhex("44000000 90000000"), make([]byte, 136), wifi, snap(0x0800, v4)), "", ""},
		{"Prism, big-endian", 119, cat(unhex("00000044 00000090"), make([]byte, 136), wifi, snap(0x0800, v4)), "", ""},
		{"AVS as Prism", 119, cat(unhex("80211001 00000040"), make([]byte, 56), wifi, snap(0x0800, v4)), "", ""},
		{"AVS", 163, cat(unhex("80211001 00000040"), make([]byte, 56), wifi, snap(0x0800, v4)), "", ""},
		{"PPI, 802.11", 192, cat(unhex("00 00 0800 69000000"), wifi, snap(0x0800, v4)), "", ""},
		{"PPI, Ethernet, one field", 192, cat(unhex("00 00 1000 01000000 1234 0400 00000000"), frame), "", ""},

		// Other link layers.
		{"802.3 with IP's own number", 1, ether(3+len(v4), cat(unhex("060603"), v4)), "", ""},
		{"nflog, little-endian", 239, cat(unhex("02 00 002a 0800 0100 00000300 0500 0a00 00000000 4000 0900"), v4), "", ""},
		{"nflog, big-endian", 239, cat(unhex("0a 00 002a 0008 0001 00000300 0005 000a 00000000 0051 0009"), v6), "", ""},
		{"IP over InfiniBand", 242, cat(make([]byte, 40), unhex("0800 0000"), v4), "", ""},
		{"PKTAP, Ethernet", 258, cat(unhex("10000000 01000000 01000000 00000000"), frame), "", ""},
		{"PKTAP, raw", 258, cat(unhex("10000000 01000000 0c000000 00000000"), v6), "", ""},
		{"enc, little-endian", 109, cat(unhex("02000000 00000001 00000000"), v4), "", ""},
		{"enc, big-endian", 109, cat(unhex("00000018 00000001 00000000"), v6), "", ""},
		{"Juniper", 178, cat(unhex("4d4743 01"), frame), "", ""},
		{"Juniper, extensions", 178, cat(unhex("4d4743 80 0003 010203"), frame), "", ""},
	}
}

func TestCarriers(t *testing.T) {
	for _, test := range carriers() {
		t.Run(test.name, func(t *testing.T) {
			checkWhole(t, &test)
			checkCut(t, &test)
		})
	}
}

// checkWhole wants the segment that every carrier carries.
func checkWhole(t *testing.T, test *carrier) {
	if !KnownLinkType(test.linkType) {
		t.Errorf("link type %d is not known", test.linkType)
	}
	d := New(Options{})
	var p Packet
	raw := Raw{Data: test.packet, Length: len(test.packet), LinkType: test.linkType}
	if r := d.Decode(&raw, &p); r != OK {
		t.Fatal(r)
	}
	if p.Src.Port != 40000 || p.Segment.Seq != 1000 || p.Segment.Len != 5 || string(p.Payload) != "hello" {
		t.Errorf("port %d, seq %d, payload %q", p.Src.Port, p.Segment.Seq, p.Payload)
	}
	src, dst := p.Src.Addr().String(), p.Dst.Addr().String()
	if (src != client4 || dst != server4 || p.IPID != 0x1234 || p.IPLen != 45) && (src != client6 || dst != server6 || p.HasIPID || p.IPLen != 65) {
		t.Errorf("%s > %s, identification %#x, length %d", src, dst, p.IPID, p.IPLen)
	}
	if p.TTL != 64 || p.Truncated || p.Overlong || int(p.WireLen) != len(test.packet) {
		t.Errorf("%+v", p)
	}
	if got := d.EncapName(p.Encap); got != test.encap {
		t.Errorf("encapsulation %q, want %q", got, test.encap)
	}
	if got := d.LabelsName(p.Labels); got != test.labels {
		t.Errorf("labels %q, want %q", got, test.labels)
	}
}

// checkCut cuts the packet anywhere. Before the end of the TCP header it is a cut
// header and no other fault; only a UDP packet without its ports is nothing but UDP.
func checkCut(t *testing.T, test *carrier) {
	whole, r := decodeAll(test.linkType, test.packet)
	if r != OK {
		t.Fatal(r)
	}
	header := len(test.packet) - len("hello")
	for header > 0 && string(test.packet[header:header+5]) != "hello" {
		header-- // a check sequence follows
	}
	udp := bytes.Index(test.packet, u16(50000))
	for n := range header {
		want := TruncatedHeader
		if udp >= 0 && n >= udp && n < udp+4 {
			want = NotTCP
		}
		p, r := decodeCut(test.linkType, test.packet, n)
		if r != want {
			t.Errorf("cut to %d octets: %v, want %v", n, r, want)
		}
		if ports := n >= header-16; p.Addressed != ports {
			t.Errorf("cut to %d octets: addressed %v", n, p.Addressed)
		}
	}
	// The data is cut: the rest is as before.
	cut, r := decodeCut(test.linkType, test.packet, header+2)
	if r != OK || !cut.Truncated || cut.Segment != whole.Segment || string(cut.Payload) != "he" {
		t.Errorf("data cut: %v, %+v", r, cut)
	}
}

func TestDirectionInFrontOfPPP(t *testing.T) {
	v4 := ip4(6, tcpOctets(nil, nil))
	for octet, want := range map[byte]process.Direction{0: process.Inbound, 1: process.Outbound, 255: process.Outbound} {
		if p, r := decodeAll(204, cat([]byte{octet}, unhex("ff03 0021"), v4)); r != OK || p.Way != want {
			t.Errorf("%d: %v, way %v", octet, r, p.Way)
		}
	}
}

// TestCarrierReasons has what carriers carry besides TCP, and headers that
// cannot be.
func TestCarrierReasons(t *testing.T) {
	v4 := ip4(6, tcpOctets(nil, hello))
	frame := ether(0x0800, v4)
	wifi := unhex("0801 0000 020000000001 020000000002 020000000003 1000")
	qosWifi := cat(unhex("88"), wifi[1:], unhex("0000"))
	data := snap(0x0800, v4)
	var labels []byte
	for range 20 {
		labels = cat(labels, unhex("00010 040"))
	}
	gtpExtensions := unhex("0000 00 85")
	for range 20 {
		gtpExtensions = cat(gtpExtensions, unhex("01 0000 85"))
	}
	nested := v4
	for range 20 {
		nested = outer4(4, nested)
	}
	rings := frame
	for range 4 {
		rings = ether(0x0800, outer4(17, udpOctets(4789, cat(unhex("08000000 001389 00"), rings))))
	}
	loop := unhex("0000 0c00")
	for range 20 {
		loop = cat(unhex("00 00 0800 c0000000"), loop)
	}

	for _, test := range []struct {
		name     string
		linkType int
		packet   []byte
		want     Reason
	}{
		{"labels without end", 1, ether(0x8847, labels), TooManyHeaders},
		{"no bottom label", 1, ether(0x8847, labels[:8]), LinkMalformed},
		{"half a label", 1, ether(0x8847, labels[:6]), LinkMalformed},
		{"nothing behind the labels", 1, ether(0x8847, unhex("00010 140")), NotIP},
		{"associated channel", 1, ether(0x8847, cat(unhex("00010 140 1000 0007"), make([]byte, 40))), NotIP},
		{"another pseudowire", 1, ether(0x8847, cat(unhex("00010 140 00000000"), make([]byte, 40))), NotIP},
		{"ARP in a pseudowire", 1, ether(0x8847, cat(unhex("00010 140 00000000"), ether(0x0806, make([]byte, 28)))), NotIP},
		{"IPv4 cut short behind a label", 1, ether(0x8847, cat(unhex("00010 140"), v4[:19])), IPMalformed},

		{"half an 802.1ah tag", 1, ether(0x88e7, unhex("00 00")), LinkMalformed},
		{"half an 802.1BR tag", 1, ether(0x893f, unhex("1000 00d3")), LinkMalformed},
		{"FabricPath's number for something else", 1, ether(0x8903, make([]byte, 40)), NotIP},
		{"FabricPath's number, short", 1, ether(0x8903, make([]byte, 4)), NotIP},

		{"PPPoE discovery", 1, ether(0x8863, cat(unhex("1109 0000 0000"), make([]byte, 40))), NotIP},
		{"PPPoE, code not 0", 1, ether(0x8864, cat(unhex("1109 0011 0000 0021"), v4)), NotIP},
		{"PPPoE, version 2", 1, ether(0x8864, cat(unhex("2100 0011 0000 0021"), v4)), NotIP},
		{"PPPoE, 5 octets", 1, ether(0x8864, unhex("1100 0011 00")), LinkMalformed},
		{"LCP", 9, unhex("ff03 c021 0101 0004"), NotIP},
		{"LCP over PPPoE", 1, ether(0x8864, unhex("1100 0011 0006 c021 0101 0004")), NotIP},
		{"one octet of PPP", 9, unhex("ff"), LinkMalformed},
		{"HDLC framing, then one octet", 9, unhex("ff03 00"), LinkMalformed},
		{"encrypted PPP", 9, unhex("0053 1234"), Encrypted},
		{"compressed PPP", 9, unhex("00fd 1234"), Tunnel},
		{"multilink PPP", 9, cat(unhex("003d c0000001 0021"), v4), Tunnel},
		{"TCP compressed by Van Jacobson", 9, unhex("ff03 002d 0000"), Tunnel},
		{"Cisco keepalive", 50, cat(unhex("8f00 8035"), make([]byte, 18)), NotIP},
		{"Cisco HDLC, 3 octets", 50, unhex("0f00 08"), LinkMalformed},
		{"Cisco HDLC, EtherType below 0x0600", 50, cat(unhex("0f00 0100"), v4), NotIP},
		{"PPP, short protocol of Cisco's number", 50, cat(unhex("0f01 0800"), v4), NotIP},
		{"direction alone", 204, unhex("01"), LinkMalformed},
		{"no direction", 204, nil, LinkMalformed},

		{"UDP in a tunnel", 101, outer4(4, ip4(17, make([]byte, 8))), NotTCP},
		{"fragment in a tunnel", 101, outer4(4, set(v4, 6, 0x20, 0x00)), Fragment},
		{"IPv4 in IPv4 announced as IPv6", 101, outer4(41, v4), IPMalformed},
		{"tunnel in tunnel in tunnel", 101, nested, TooManyHeaders},
		{"VXLAN in VXLAN in VXLAN", 1, rings, TooManyHeaders},
		{"EtherIP, version 2", 101, outer4(97, cat(unhex("2000"), frame)), Tunnel},
		{"EtherIP, one octet", 101, outer4(97, unhex("30")), LinkMalformed},

		{"GRE, 3 octets", 101, outer4(47, unhex("0000 08")), LinkMalformed},
		{"GRE, key not there", 101, outer4(47, unhex("2000 0800 0000")), LinkMalformed},
		{"GRE, routing", 101, outer4(47, cat(unhex("4000 0800 00000000 00000000"), v4)), Tunnel},
		{"GRE, version 2", 101, outer4(47, cat(unhex("0002 0800"), v4)), Tunnel},
		{"GRE, keepalive", 101, outer4(47, unhex("0000 0000")), NotIP},
		{"GRE, ISIS", 101, outer4(47, cat(unhex("0000 00fe"), v4)), NotIP},
		{"GRE, ARP", 101, outer4(47, cat(unhex("0000 0806"), make([]byte, 28))), NotIP},
		{"PPTP, acknowledgment alone", 101, outer4(47, unhex("2081 880b 0000 1234 00000002")), NotIP},
		{"PPTP, 9 octets", 101, outer4(47, unhex("3001 880b 0000 1234 00")), LinkMalformed},
		{"PPTP, not PPP", 101, outer4(47, cat(unhex("3001 0800 0000 1234 00000001"), v4)), Tunnel},
		{"PPTP, encrypted and compressed", 101, outer4(47, unhex("3001 880b 0006 1234 00000001 ff03 00fd 1000")), Tunnel},
		{"ERSPAN, 7 octets", 101, outer4(47, unhex("1000 88be 00000001 1001 0064 000000")), LinkMalformed},
		{"ERSPAN, version 3", 101, outer4(47, cat(unhex("1000 88be 00000001 3001 0064 00000000"), frame)), Tunnel},
		{"ERSPAN, type III, 11 octets", 101, outer4(47, unhex("1000 22eb 00000001 2001 0064 00000000 000000")), LinkMalformed},
		{"ERSPAN, type III, 802.11", 101, outer4(47, cat(unhex("1000 22eb 00000001 2001 0064 00000000 0000 0400"), frame)), NotIP},
		{"ERSPAN, subheader not there", 101, outer4(47, unhex("1000 22eb 00000001 2001 0064 00000000 0000 0001 00")), LinkMalformed},

		// Ordinary UDP, whatever its port.
		{"UDP of 3 octets", 101, ip4(17, unhex("c350 12")), NotTCP},
		{"UDP to VXLAN's port, nothing in it", 101, ip4(17, udpOctets(4789, nil)), NotTCP},
		{"UDP to VXLAN's port, 7 octets", 101, ip4(17, udpOctets(4789, make([]byte, 7))), NotTCP},
		{"UDP to VXLAN's port, text", 101, ip4(17, udpOctets(4789, []byte("GET / HTTP/1.1\r\n\r\n    "))), NotTCP},
		{"VXLAN without a network", 101, ip4(17, udpOctets(4789, cat(unhex("00000000 001389 00"), frame))), NotTCP},
		{"VXLAN, reserved bits", 101, ip4(17, udpOctets(4789, cat(unhex("08000001 001389 00"), frame))), NotTCP},
		{"VXLAN, reserved octet", 101, ip4(17, udpOctets(4789, cat(unhex("08000000 001389 01"), frame))), NotTCP},
		{"VXLAN from its port, not to it", 101, ip4(17, set(udpOctets(50001, cat(unhex("08000000 001389 00"), frame)), 0, 0x12, 0xb5)), NotTCP},
		{"UDP length too long", 101, ip4(17, set(udpOctets(4789, cat(unhex("08000000 001389 00"), frame)), 4, 0xff, 0xff)), NotTCP},
		{"UDP length too short", 101, ip4(17, set(udpOctets(4789, cat(unhex("08000000 001389 00"), frame)), 4, 0, 7)), NotTCP},
		{"ARP in VXLAN", 101, ip4(17, udpOctets(4789, cat(unhex("08000000 001389 00"), ether(0x0806, make([]byte, 28))))), NotIP},
		{"GENEVE, version 1", 101, ip4(17, udpOctets(6081, cat(unhex("40 00 6558 001389 00"), frame))), NotTCP},
		{"GENEVE, control", 101, ip4(17, udpOctets(6081, cat(unhex("00 80 6558 001389 00"), frame))), NotTCP},
		{"GENEVE, reserved octet", 101, ip4(17, udpOctets(6081, cat(unhex("00 00 6558 001389 01"), frame))), NotTCP},
		{"GENEVE, EtherType below 0x0600", 101, ip4(17, udpOctets(6081, cat(unhex("00 00 0100 001389 00"), frame))), NotTCP},
		{"GENEVE, options not there", 101, ip4(17, udpOctets(6081, unhex("3f 00 6558 001389 00 00000000"))), NotTCP},
		{"GTP-U echo", 101, ip4(17, udpOctets(2152, unhex("32 01 0004 00000000 0001 0000"))), NotTCP},
		{"GTP prime", 101, ip4(17, udpOctets(2152, cat(unhex("20 ff"), u16(len(v4)), u32(1), v4))), NotTCP},
		{"GTP version 2", 101, ip4(17, udpOctets(2152, cat(unhex("50 ff"), u16(len(v4)), u32(1), v4))), NotTCP},
		{"GTP-U, length one too long", 101, ip4(17, set(udpOctets(2152, gtpUser(0x30, v4)), 8+2, u16(len(v4)+1)...)), NotTCP},
		{"GTP-U, length too long", 101, ip4(17, udpOctets(2152, cat(unhex("30 ff ffff 00000001"), v4))), NotTCP},
		{"GTP-U, flags without their octets", 101, ip4(17, udpOctets(2152, unhex("32 ff 0000 00000001 0000"))), NotTCP},
		{"GTP-U, extension of length 0", 101, ip4(17, udpOctets(2152, gtpUser(0x34, cat(unhex("0000 00 85 00 000000"), v4)))), NotTCP},
		{"GTP-U, extension too long", 101, ip4(17, udpOctets(2152, gtpUser(0x34, cat(unhex("0000 00 85 ff 000000"), v4)))), NotTCP},
		{"GTP-U, extensions without end", 101, ip4(17, udpOctets(2152, gtpUser(0x34, gtpExtensions))), TooManyHeaders},
		{"GTP-U, PPP", 101, ip4(17, udpOctets(2152, gtpUser(0x30, cat(unhex("ff03 0021"), v4)))), NotIP},
		{"GTP-U, nothing", 101, ip4(17, udpOctets(2152, gtpUser(0x30, nil))), NotIP},
		{"GRE in UDP, unknown bits", 101, ip4(17, udpOctets(4754, cat(unhex("0400 0800"), v4))), NotTCP},
		{"GRE in UDP, unknown EtherType", 101, ip4(17, udpOctets(4754, cat(unhex("0000 1234"), v4))), NotTCP},
		{"GRE in UDP, 3 octets", 101, ip4(17, udpOctets(4754, unhex("0000 08"))), NotTCP},

		{"802.11 beacon", 105, make([]byte, 40), NotIP},
		{"802.11 beacon, really", 105, set(wifi, 0, 0x80), NotIP},
		{"802.11 acknowledgment", 105, unhex("d400 0000 020000000001"), NotIP},
		{"802.11 without data", 105, set(wifi, 0, 0x48), NotIP},
		{"802.11 QoS without data", 105, set(qosWifi, 0, 0xc8), NotIP},
		{"802.11, another version", 105, set(wifi, 0, 0x09), NotIP},
		{"802.11 encrypted", 105, cat(set(wifi, 1, 0x41), data), Encrypted},
		{"802.11 first fragment", 105, cat(set(wifi, 1, 0x05), data), Fragment},
		{"802.11 later fragment", 105, cat(set(wifi, 22, 0x11), data), Fragment},
		{"802.11 frames in a frame", 105, cat(set(qosWifi, 24, 0x80), data), Tunnel},
		{"802.11, 23 octets", 105, wifi[:23], LinkMalformed},
		{"802.11, one octet", 105, wifi[:1], LinkMalformed},
		{"802.11 spanning tree", 105, cat(wifi, unhex("424203 0000000000")), NotIP},
		{"radiotap, 7 octets", 127, unhex("00 00 0800 000000"), LinkMalformed},
		{"radiotap, version 1", 127, cat(unhex("01 00 0800 00000000"), wifi, data), LinkMalformed},
		{"radiotap, length 0", 127, cat(unhex("00 00 0000 00000000"), wifi, data), LinkMalformed},
		{"radiotap, length 65535", 127, cat(unhex("00 00 ffff 00000000"), wifi, data), LinkMalformed},
		{"radiotap, words without end", 127, cat(unhex("00 00 1000 00000080 00000080 00000080 00000080"), wifi, data), LinkMalformed},
		{"radiotap, flags behind its end", 127, cat(unhex("00 00 0800 02000000"), wifi, data), LinkMalformed},
		{"radiotap, time behind its end", 127, cat(unhex("00 00 0a00 03000000 0000"), wifi, data), LinkMalformed},
		{"radiotap, damaged", 127, cat(unhex("00 00 0900 02000000 50"), wifi, data), LinkMalformed},
		{"radiotap, padding in the frame", 127, cat(unhex("00 00 0900 02000000 20"), wifi, data), Tunnel},
		{"Prism, length 7", 119, cat(unhex("44000000 07000000"), wifi, data), LinkMalformed},
		{"Prism, length too long", 119, cat(unhex("44000000 ffffffff"), wifi, data), LinkMalformed},
		{"Prism, longer than the frame", 119, cat(unhex("44000000 00100000"), wifi, data), LinkMalformed},
		{"PPI, unknown link type", 192, cat(unhex("00 00 0800 0a000000"), frame), UnknownLinkType},
		{"PPI, link type above int32", 192, cat(unhex("00 00 0800 ffffffff"), frame), UnknownLinkType},
		{"PPI in PPI in PPI", 192, loop, TooManyHeaders},

		{"nflog, 3 octets", 239, unhex("02 00 00"), LinkMalformed},
		{"nflog, version 1", 239, cat(unhex("02 01 002a 4000 0900"), v4), LinkMalformed},
		{"nflog, a bridge's", 239, cat(unhex("07 00 002a 4000 0900"), frame), NotIP},
		{"nflog, no packet", 239, unhex("02 00 002a 0800 0100 00000300"), LinkMalformed},
		{"nflog, attribute of length 0", 239, cat(unhex("02 00 002a 0000 0100"), v4), LinkMalformed},
		{"nflog, attribute of length 3", 239, cat(unhex("02 00 002a 0300 0100"), v4), LinkMalformed},
		{"nflog, attribute of length 65535", 239, cat(unhex("02 00 002a ffff 0100"), v4), LinkMalformed},
		{"IP over InfiniBand, 43 octets", 242, make([]byte, 43), LinkMalformed},
		{"ARP over InfiniBand", 242, cat(make([]byte, 40), unhex("0806 0000"), v4), NotIP},
		{"PKTAP, 11 octets", 258, make([]byte, 11), LinkMalformed},
		{"PKTAP, length 11", 258, cat(unhex("0b000000 01000000 01000000"), frame), LinkMalformed},
		{"PKTAP, length 4 G", 258, cat(unhex("ffffffff 01000000 01000000"), frame), LinkMalformed},
		{"PKTAP, unknown link type", 258, cat(unhex("0c000000 01000000 0a000000"), frame), UnknownLinkType},
		{"enc, 3 octets", 109, make([]byte, 3), LinkMalformed},
		{"enc, 11 octets", 109, unhex("02000000 00000001 000000"), LinkMalformed},
		{"enc, another family", 109, cat(unhex("10000000 00000001 00000000"), v4), NotIP},
		{"Juniper, other magic", 178, cat(unhex("4d4744 00"), frame), LinkMalformed},
		{"Juniper, 3 octets", 178, unhex("4d4743"), LinkMalformed},
		{"Juniper, no frame", 178, cat(unhex("4d4743 02"), v4), NotIP},
		{"Juniper, extensions too long", 178, cat(unhex("4d4743 80 ffff"), frame), LinkMalformed},
		{"Juniper, extensions without a length", 178, unhex("4d4743 80 00"), LinkMalformed},
	} {
		if _, r := decodeAll(test.linkType, test.packet); r != test.want {
			t.Errorf("%s: %v, want %v", test.name, r, test.want)
		}
	}
}

func TestCarriersDoNotAllocate(t *testing.T) {
	for _, c := range carriers() {
		d := New(Options{VerifyChecksums: true})
		raw := Raw{Data: c.packet, Length: len(c.packet), LinkType: c.linkType}
		var p Packet
		if n := testing.AllocsPerRun(10, func() { d.Decode(&raw, &p) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// What an IP header around says of a route is not true of the packet inside.
func TestChecksumInsideTunnel(t *testing.T) {
	inner := summed(ip4(6, tcpOctets(timestamps, hello)))
	route := set(outer4(4, cat(unhex("83070407070707 00"), inner)), 0, 0x47)
	d := New(Options{VerifyChecksums: true})
	var p Packet
	if r := d.Decode(&Raw{Data: route, Length: len(route), LinkType: linkRaw}, &p); r != OK || p.Checksum != ChecksumGood {
		t.Errorf("%v, checksum %d", r, p.Checksum)
	}
	// IPv6 has no header checksum that could be wrong.
	packet := outer4(41, summed(ip6(6, tcpOctets(timestamps, hello))))
	if r := d.Decode(&Raw{Data: packet, Length: len(packet), LinkType: linkRaw}, &p); r != OK || p.Checksum != ChecksumGood || p.BadHeader {
		t.Errorf("%v, checksum %d, bad header %v", r, p.Checksum, p.BadHeader)
	}
}

// A packet in a packet that claims more than there was: neither was cut by the
// snap length, and the lower one's claim counts for both.
func TestOverlongTunnel(t *testing.T) {
	packet := outer4(4, ip4(6, tcpOctets(nil, hello)))
	short := packet[:len(packet)-3]
	p, r := decodeAll(linkRaw, short)
	if r != OK || !p.Overlong || !p.Truncated || p.Segment.Len != 5 || string(p.Payload) != "he" {
		t.Errorf("%v, %+v", r, p)
	}
}
