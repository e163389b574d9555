package decode

// Reason says why a packet yielded no segment.
type Reason uint8

// The reasons. Every packet without a segment has exactly one of them: the
// first thing in the way, seen from the link layer inwards.
const (
	OK                     Reason = iota // there is a segment
	UnknownLinkType                      // no decoder for Raw.LinkType
	LinkMalformed                        // the frame, or what a tunnel carries, is shorter than its link header, or its receiver found it damaged
	NotIP                                // ARP, LLDP, spanning tree and so on
	TooManyHeaders                       // more tags or extension headers than anyone stacks in earnest
	Tunnel                               // a carrier that the decoder does not look into
	IPMalformed                          // version, header length or total length impossible
	IPv6ExtensionMalformed               // an extension header that cannot be right
	Encrypted                            // ESP, 802.11 frames under protection, PPP under encryption
	NotTCP                               // UDP, ICMP and so on
	Fragment                             // a part of a datagram, other than the one that made it whole
	TruncatedHeader                      // the snap length ends before the TCP header's fixed 20 octets do
	ICMPErrorMessage                     // an ICMP error that quotes a TCP segment, or may: its quote cannot be read
	TCPMalformed                         // the data offset is below 5 or points behind the segment, or there are no 20 octets

	NumReasons // how many there are, to size an array that counts them
)

var reasonNames = [NumReasons]string{
	OK:                     "ok",
	UnknownLinkType:        "unknown-link-type",
	LinkMalformed:          "link-malformed",
	NotIP:                  "not-ip",
	TooManyHeaders:         "too-many-headers",
	Tunnel:                 "tunnel",
	IPMalformed:            "ip-malformed",
	IPv6ExtensionMalformed: "ipv6-extension-malformed",
	Encrypted:              "encrypted",
	NotTCP:                 "not-tcp",
	Fragment:               "fragment",
	TruncatedHeader:        "truncated-header",
	ICMPErrorMessage:       "icmp-error",
	TCPMalformed:           "tcp-malformed",
}

// String returns the reason's word as reports print it. Words never change.
func (r Reason) String() string {
	if r < NumReasons {
		return reasonNames[r]
	}
	return "unknown-reason"
}
