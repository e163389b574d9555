package flow

// Facts is what the tracker noticed about one segment beyond the protocol's own
// fsm.Meaning. An ordinary segment has none.
type Facts uint64

// The facts.
const (
	Doubled           Facts = 1 << iota // the same frame captured a second time
	NetworkCopy                         // the same IP packet again: the network delivered it twice
	KeepaliveProbe                      // keepalive probe
	KeepaliveAnswer                     // the ACK that answers one
	KeepaliveEarly                      // keepalive probe while data is unacknowledged
	WindowProbe                         // probe of a closed window
	WindowProbeAnswer                   // the ACK that answers one
	Retransmission                      // every sequence number was sent before
	PartlyResent                        // some of the sequence numbers were sent before
	OutOfOrder                          // fills a hole with numbers never seen, shortly after it opened
	LateFill                            // fills a hole long after it opened: resent, the original never captured
	HoleBefore                          // numbers before it have not been captured yet
	DuplicateACK                        // repeats an ACK while data is outstanding
	ZeroWindow                          // closes the window
	WindowUpdate                        // changes nothing but the window
	WindowFull                          // ends at the edge of the peer's window
	BeyondWindow                        // carries more than one octet beyond it
	WindowShrunk                        // moves the right edge of its window left
	Spurious                            // repeats what an ACK already captured covers
	Needless                            // a retransmission that the receiver showed to be needless
	DSACK                               // reports a duplicate (RFC 2883)
	SACKInvalid                         // a SACK block of numbers that were not sent
	ContentDiffers                      // repeats numbers with other octets
	OldTimestamp                        // TSval before the newest of its direction (PAWS)
	TimestampMissing                    // timestamps were agreed, and it has none
	TimestampUnagreed                   // has timestamps that were not agreed
	BadChecksum                         // wrong checksum, not offload
	NoFlags                             // no control bit at all
	XmasFlags                           // FIN, PSH and URG without ACK
	SYNAndFIN                           // contradicting control bits
	SYNAndRST                           //
	FINWithoutACK                       //
	NoACKNoSYN                          // neither SYN, ACK nor RST, but other bits
	ReservedBits                        // reserved bits set
	UrgentWithoutFlag                   // urgent pointer without URG
	UrgentData                          // URG set
	SYNUrgent                           // SYN with URG
	SYNData                             // SYN with data, no Fast Open
	RSTData                             // RST with data
	OptionsMalformed                    // an option length that cannot be right
	OptionsDuplicate                    // one option twice
	OptionsAfterEnd                     // octets behind End of Option List
	OptionOnNonSYN                      // an option that belongs on a SYN only
	ScaleInvalid                        // window scale above 14
	PortZero                            // port 0
	HeaderBroken                        // data offset impossible; the segment could not be read
	AckWithoutFlag                      // acknowledgment number without the ACK flag
	FastOpenTaken                       // a SYN-ACK that acknowledges the SYN's data
	FastOpenIgnored                     // a SYN-ACK that acknowledges the SYN alone though it brought data
	FinalACK                            // the client's first ACK of the SYN-ACK
	ForeignSYN                          // a SYN of another connection attempt that came to nothing
	EarlySegment                        // an ordinary segment from a side whose SYN nobody had answered
	BelowStart                          // numbers below the first of the stream
	AckBack                             // acknowledges less than its sender did before
	AckTooOld                           // the same, by more than the largest window (RFC 5961 §5.2)
	WindowSlam                          // the handshake's last segment offers next to no window
	ClockJump                           // TSval far ahead of what can have passed
	EchoInvalid                         // TSecr that the peer never sent
	ECNUnagreed                         // ECE or CWR though the SYNs did not agree on ECN
	OptionsOdd                          // an obsolete, experimental or unassigned option
	LostOnTheWay                        // left its sender and never reached its receiver, as another tap shows
	numFacts          = iota
)

// Any reports whether at least one of the facts in g is in f.
func (f Facts) Any(g Facts) bool { return f&g != 0 }
