package decode

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// layerSet holds gopacket's layers, decoded into again and again. This is the
// only file that knows gopacket. Tunnels and rarer link layers are not here:
// their few fields are read in their own files, because gopacket's layers for
// them allocate for options, trust lengths or do not exist. Each method hands a
// layer exactly the octets that it reads well, because gopacket v1.1.19 as a
// whole packet parser allocates, drops headers with a fault, and judges lengths
// by what was captured. The bounds are the callers' business: every method is
// given its header's full fixed part.
type layerSet struct {
	ethernet layers.Ethernet
	vlan     layers.Dot1Q
	family   layers.Loopback
	ip4      layers.IPv4
	ip6      layers.IPv6
	tcp      layers.TCP

	ip4Head [ipv4Len]byte
	ip6Head [ipv6Len]byte
	tcpHead [tcpLen]byte
}

// decodeEthernet returns the type or length field of an Ethernet header.
func (l *layerSet) decodeEthernet(data []byte) uint16 {
	// Only the header is handed over: with a length in place of a type, gopacket
	// would cut the payload to it. It shows the length as type "LLC", 0.
	if l.ethernet.DecodeFromBytes(data[:ethernetLen], gopacket.NilDecodeFeedback) != nil {
		return 0
	}
	return uint16(l.ethernet.EthernetType)
}

// decodeVLAN returns an 802.1Q tag's VLAN and the type that follows.
func (l *layerSet) decodeVLAN(data []byte) (vlan, etherType uint16) {
	if l.vlan.DecodeFromBytes(data[:vlanLen], gopacket.NilDecodeFeedback) != nil {
		return 0, 0
	}
	return l.vlan.VLANIdentifier, uint16(l.vlan.Type)
}

// decodeFamily returns the address family of a BSD loopback header in either
// byte order, 0 when there is none.
func (l *layerSet) decodeFamily(data []byte) uint8 {
	if l.family.DecodeFromBytes(data[:familyLen], gopacket.NilDecodeFeedback) != nil {
		return 0
	}
	return uint8(l.family.Family)
}

// decodeIPv4 returns the fixed header in data, apart from Length and IHL.
func (l *layerSet) decodeIPv4(data []byte) *layers.IPv4 {
	// gopacket allocates for a fifth option and judges lengths by what was
	// captured, and versions of it differ in which fields are set when it refuses a
	// header for a length or an option. So it gets a copy that it cannot refuse: a
	// header without options that is a whole packet.
	copy(l.ip4Head[:], data)
	l.ip4Head[0] = 4<<4 | ipv4Len/4
	l.ip4Head[2], l.ip4Head[3] = 0, ipv4Len
	_ = l.ip4.DecodeFromBytes(l.ip4Head[:], gopacket.NilDecodeFeedback)
	return &l.ip4
}

// decodeIPv6 returns the fixed header in data, apart from Length and NextHeader.
func (l *layerSet) decodeIPv6(data []byte) *layers.IPv6 {
	// gopacket refuses a packet of length 0 (segmentation offload writes these)
	// and reads hop-by-hop options itself, refusing the header with them. So it
	// gets a copy that has a length and nothing behind.
	copy(l.ip6Head[:], data)
	l.ip6Head[4], l.ip6Head[5], l.ip6Head[6] = 0, 1, protoNone
	_ = l.ip6.DecodeFromBytes(l.ip6Head[:], gopacket.NilDecodeFeedback)
	return &l.ip6
}

// decodeTCP returns the fixed header in data, apart from DataOffset.
func (l *layerSet) decodeTCP(data []byte) *layers.TCP {
	// gopacket allocates for a fifth option (an ordinary Linux SYN has five),
	// stops at the first bad one, takes options cut by the snap length for bad
	// ones, and drops reserved bits. So it gets a copy without options.
	copy(l.tcpHead[:], data)
	l.tcpHead[12] = tcpLen / 4 << 4
	_ = l.tcp.DecodeFromBytes(l.tcpHead[:], gopacket.NilDecodeFeedback)
	return &l.tcp
}
