package fsm

// Flags are the control bits of a TCP header in the header's own positions:
// the low byte is octet 13, the bits above it the low nibble of octet 12.
type Flags uint16

// The control bits (RFC 9293 §3.1; AE is RFC 9768's, formerly NS).
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE

	// Reserved are the three bits that a sender must leave zero.
	Reserved Flags = 0xe00
)

// Has reports whether every bit of f is set.
func (s Flags) Has(f Flags) bool { return s&f == f }

// Any reports whether at least one bit of f is set.
func (s Flags) Any(f Flags) bool { return s&f != 0 }

// String writes the flags as tcpdump does: "S", "S.", "F.", "P.", ".", "none".
func (s Flags) String() string {
	const letters = "FSRP.UEWe"
	var b [len(letters)]byte
	n := 0
	for bit := range len(letters) {
		if s&(1<<bit) != 0 {
			b[n] = letters[bit]
			n++
		}
	}
	if n == 0 {
		return "none"
	}
	return string(b[:n])
}

// OptionSet says which options a segment carried and what was wrong with them.
type OptionSet uint32

// The options a segment can carry, and faults of the option list.
const (
	OptMSS            OptionSet = 1 << iota // kind 2, RFC 9293 §3.7.1
	OptWindowScale                          // kind 3, RFC 7323 §2
	OptSACKPermitted                        // kind 4, RFC 2018 §2
	OptSACK                                 // kind 5, RFC 2018 §3
	OptTimestamps                           // kind 8, RFC 7323 §3
	OptFastOpen                             // kind 34, RFC 7413 §4.1.1 (or the experimental 254 form)
	OptMD5                                  // kind 19, RFC 2385
	OptAO                                   // kind 29, RFC 5925
	OptMPTCP                                // kind 30, RFC 8684
	OptAccECN                               // kinds 172 and 174, RFC 9768
	OptExperimental                         // kinds 253 and 254, RFC 4727
	OptObsolete                             // kinds 6, 7, 9–18, 20–26
	OptUnknown                              // a kind that IANA has not assigned
	OptMalformed                            // a length that cannot be right; later options are lost
	OptDuplicate                            // one kind twice
	OptAfterEnd                             // octets other than zero behind End of Option List
	OptMPTCPJoin                            // kind 30 with subtype MP_JOIN
	OptMPTCPDataFIN                         // kind 30 with subtype DSS and its bit F: DATA_FIN (RFC 8684 §3.3)
	OptMPTCPFastClose                       // kind 30 with subtype MP_FASTCLOSE (RFC 8684 §3.5)
	OptMPTCPReset                           // kind 30 with subtype MP_TCPRST (RFC 8684 §3.6)
	OptCut                                  // the capture does not hold the whole list: an option not seen is unknown, not absent
)

// Has reports whether every option of o is present.
func (s OptionSet) Has(o OptionSet) bool { return s&o == o }

// Any reports whether at least one option of o is present.
func (s OptionSet) Any(o OptionSet) bool { return s&o != 0 }

// SACKBlock is one block of a SACK option: octets From up to, not including, To.
type SACKBlock struct{ From, To Seq }

// Segment is what TCP sees of a packet: a flat value without pointers.
type Segment struct {
	Seq    Seq
	Ack    Seq    // meaningful with the ACK flag; kept as it came without
	Len    uint32 // octets of data, from the IP header, captured or not
	Flags  Flags
	Window uint16 // as in the header, not scaled
	Urgent uint16

	Opts        OptionSet
	MSS         uint16 // with OptMSS
	WindowScale uint8  // with OptWindowScale, as sent (RFC 7323 caps the use at 14)
	CookieLen   uint8  // with OptFastOpen: octets of cookie, 0 for a request
	NumSACK     uint8
	TSVal       uint32 // with OptTimestamps
	TSEcr       uint32
	SACK        [4]SACKBlock
}

// Echoes reports whether the segment echoes a timestamp: the field is valid with ACK only
// (RFC 7323 §3.2), and some systems fill in 0 there too for no timestamp.
func (s *Segment) Echoes() bool {
	return s.Flags&ACK != 0 && s.Opts&OptTimestamps != 0 && s.TSEcr != 0
}

// Space returns the sequence numbers that the segment takes: its data, one for
// a SYN and one for a FIN (RFC 9293 §3.4). Data on a SYN counts too, whether or not
// its receiver takes it: a SYN-ACK that acknowledges less leaves it outstanding.
func (s *Segment) Space() uint32 {
	n := s.Len
	if s.Flags&(SYN|FIN) != 0 {
		if s.Flags&SYN != 0 {
			n++
		}
		if s.Flags&FIN != 0 {
			n++
		}
	}
	return n
}

// End returns the sequence number after the segment's last one.
func (s *Segment) End() Seq { return s.Seq + Seq(s.Space()) }

// FinSeq returns the number that the FIN takes: the one after the last octet of
// data. It means nothing without the FIN flag.
func (s *Segment) FinSeq() Seq { return s.End() - 1 }
