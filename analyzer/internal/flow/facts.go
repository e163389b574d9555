package flow

// Fact is one thing that the tracker noticed about a segment, beyond what it means
// to the protocol (fsm.Meaning). An ordinary segment shows none.
type Fact uint8

// The facts.
const (
	Doubled           Fact = iota // the same frame captured a second time
	NetworkCopy                   // the same IP packet again: the network delivered it twice
	KeepaliveProbe                // keepalive probe
	KeepaliveAnswer               // the ACK that answers one
	KeepaliveEarly                // keepalive probe while data is unacknowledged
	WindowProbe                   // probe of a closed window
	WindowProbeAnswer             // the ACK that answers one
	Retransmission                // every sequence number was sent before
	PartlyResent                  // some of the sequence numbers were sent before
	OutOfOrder                    // fills a hole with numbers never seen, shortly after it opened
	LateFill                      // fills a hole long after it opened: resent, the original never captured
	HoleBefore                    // numbers before it have not been captured yet
	DuplicateACK                  // repeats an ACK while data is outstanding
	ZeroWindow                    // closes the window
	WindowUpdate                  // changes nothing but the window
	WindowFull                    // ends at the edge of the peer's window
	BeyondWindow                  // carries more than one byte beyond it
	WindowShrunk                  // moves the right edge of its window left
	SpuriousLikely                // repeats what an ACK already captured covers
	SpuriousProved                // a retransmission that the receiver showed to be spurious
	DSACK                         // reports a duplicate (RFC 2883)
	SACKInvalid                   // a SACK block of numbers that were not sent
	ContentDiffers                // repeats numbers with other bytes
	OldTimestamp                  // TSval before the newest of its direction (PAWS)
	TimestampMissing              // timestamps were agreed, and it has none
	TimestampUnagreed             // has timestamps that were not agreed
	BadChecksum                   // wrong checksum, not offload
	NoFlags                       // no control bit at all
	XmasFlags                     // FIN, PSH and URG without ACK
	SYNAndFIN                     // contradicting control bits
	SYNAndRST                     //
	FINWithoutACK                 //
	NoACKNoSYN                    // neither SYN, ACK nor RST, but other bits
	ReservedBits                  // reserved bits set
	UrgentWithoutFlag             // urgent pointer without URG
	UrgentData                    // URG set
	SYNUrgent                     // SYN with URG
	SYNData                       // SYN with data, no Fast Open
	RSTData                       // RST with data
	OptionsMalformed              // an option length that cannot be right
	OptionsDuplicate              // one option twice
	OptionsAfterEnd               // bytes behind End of Option List
	OptionOnNonSYN                // an option that belongs on a SYN only
	ScaleInvalid                  // window scale above 14
	HeaderBroken                  // data offset impossible; the segment could not be read
	AckWithoutFlag                // acknowledgment number without the ACK flag
	FastOpenTaken                 // a SYN-ACK that acknowledges the SYN's data
	FastOpenIgnored               // a SYN-ACK that acknowledges the SYN alone though it brought data
	FinalACK                      // the client's first ACK of the SYN-ACK
	EarlySegment                  // an ordinary segment from a side whose SYN nobody had answered
	BelowStart                    // numbers below the first of the stream
	AckBack                       // acknowledges less than its sender did before
	AckTooOld                     // the same, by more than the largest window (RFC 5961 §5.2)
	WindowSlam                    // the handshake's last segment offers next to no window
	ClockJump                     // TSval far ahead of what can have passed
	EchoInvalid                   // TSecr that the peer never sent
	ECNUnagreed                   // ECE or CWR though the SYNs did not agree on ECN
	OptionsOdd                    // an obsolete, experimental or unassigned option
	MPTCPDataFIN                  // ends the sender's data of the MPTCP connection
	OtherResponder                // from a second host that answered the SYN in the server's name
	LostOnTheWay                  // left its sender and never reached its receiver, as another tap shows
	numFacts          = iota
)

// SegmentFacts is a set of facts. It has as many words as the facts need.
type SegmentFacts [(numFacts + 63) / 64]uint64

// Facts returns the set of the facts listed, the empty one for none.
func Facts(list ...Fact) SegmentFacts {
	var s SegmentFacts
	for _, f := range list {
		s.add(f)
	}
	return s
}

// Has reports whether the fact is in s.
func (s *SegmentFacts) Has(f Fact) bool { return s[f/64]&(1<<(f%64)) != 0 }

// Any reports whether at least one of the facts in t is in s.
func (s *SegmentFacts) Any(t SegmentFacts) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

// Empty reports whether there is no fact in s.
func (s *SegmentFacts) Empty() bool { return *s == SegmentFacts{} }

func (s *SegmentFacts) add(f Fact) { s[f/64] |= 1 << (f % 64) }

// AddAll adds the facts in t to s.
func (s *SegmentFacts) AddAll(t SegmentFacts) {
	for i := range s {
		s[i] |= t[i]
	}
}

// ordinary reports whether nothing in s makes a segment notable.
func (s *SegmentFacts) ordinary() bool { return s.Empty() || *s == onlyFinalACK }

var onlyFinalACK = Facts(FinalACK)
