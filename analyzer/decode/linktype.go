package decode

// The link types that the decoder knows, by their numbers in the tcpdump
// group's registry. They are ints: gopacket keeps link types in eight bits,
// where 276 becomes 20 and 265 would be taken for PPP.
const (
	linkNull     = 0 // BSD loopback, address family in the host's byte order
	linkEthernet = 1
	linkRaw12    = 12  // raw IP as several systems number it
	linkRaw14    = 14  // raw IP on OpenBSD
	linkRaw      = 101 // raw IP in files
	linkLoop     = 108 // OpenBSD loopback, address family in network order
	linkCooked   = 113 // Linux "any", v1
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276 // Linux "any", v2
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
	}
	return noHeader, UnknownLinkType
}

// KnownLinkType reports whether the decoder can read packets of a link type.
func KnownLinkType(linkType int) bool {
	_, reason := firstHeader(linkType)
	return reason == OK
}
