package decode

// The link types that the decoder knows, by their numbers in the tcpdump
// group's registry. They are ints: gopacket keeps link types in eight bits,
// where 276 becomes 20 and 265 would be taken for PPP.
const (
	linkNull          = 0 // BSD loopback, address family in the host's byte order
	linkEthernet      = 1
	linkPPP           = 9
	linkRaw12         = 12 // raw IP as several systems number it
	linkRaw14         = 14 // raw IP on OpenBSD
	linkPPPHDLC       = 50
	linkPPPoE         = 51
	linkRaw           = 101 // raw IP in files
	linkCiscoHDLC     = 104
	link80211         = 105
	linkLoop          = 108 // OpenBSD loopback, address family in network order
	linkEnc           = 109 // OpenBSD and FreeBSD: what IPsec gives and takes
	linkCooked        = 113 // Linux "any", v1
	linkPrism         = 119
	linkRadiotap      = 127
	linkAVS           = 163
	linkJuniper       = 178 // Ethernet on Juniper routers
	linkPPI           = 192
	linkPPPDirection  = 204
	linkHDLCDirection = 205
	linkIPv4          = 228
	linkIPv6          = 229
	linkNFLOG         = 239
	linkIPoIB         = 242
	LinkPKTAP         = 258
	linkCooked2       = 276 // Linux "any", v2
)

// firstHeader returns what packets of a link type begin with.
func firstHeader(linkType int) (header, Reason) {
	switch linkType {
	case linkEthernet:
		return ethernetHeader, OK
	case linkCooked:
		return cookedHeader, OK
	case linkCooked2:
		return cooked2Header, OK
	case linkNull, linkLoop:
		return familyHeader, OK
	case linkRaw, linkRaw12, linkRaw14:
		return anyIPHeader, OK
	case linkIPv4:
		return ipv4Header, OK
	case linkIPv6:
		return ipv6Header, OK
	case linkPPP, linkPPPHDLC, linkCiscoHDLC:
		return pppHeader, OK
	case linkPPPDirection, linkHDLCDirection:
		return pppDirectionHeader, OK
	case linkPPPoE:
		return pppoeHeader, OK
	case link80211:
		return wifiHeader, OK
	case linkRadiotap:
		return radiotapHeader, OK
	case linkPrism:
		return prismHeader, OK
	case linkAVS:
		return avsHeader, OK
	case linkPPI:
		return ppiHeader, OK
	case linkNFLOG:
		return nflogHeader, OK
	case LinkPKTAP:
		return pktapHeader, OK
	case linkEnc:
		return encHeader, OK
	case linkIPoIB:
		return ipoibHeader, OK
	case linkJuniper:
		return juniperHeader, OK
	}
	return noHeader, UnknownLinkType
}

// KnownLinkType reports whether the decoder can read packets of a link type.
func KnownLinkType(linkType int) bool {
	_, reason := firstHeader(linkType)
	return reason == OK
}
