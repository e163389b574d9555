package flow

// Kind says why a segment was retransmitted.
type Kind uint8

// The kinds. SYN, SYN-ACK and FIN are retransmitted by the same timers, but their
// names tell more.
const (
	KindUnknown Kind = iota
	KindSYN
	KindSYNACK
	KindTimeout          // the retransmission timer (RFC 6298 §5)
	KindAfterTimeout     // in the slow start that follows it (RFC 5681 §3.1)
	KindFast             // duplicate ACKs or SACK (RFC 5681 §3.2, RFC 6675, RFC 8985)
	KindProbe            // tail loss probe (RFC 8985 §7)
	KindFastOpenFallback // data of a SYN that the SYN-ACK left out (RFC 7413 §4.2.1)
	KindPathMTU          // in smaller segments, as after a path MTU was learned (RFC 1191 §6.4)

	// NumKinds is the number of kinds.
	NumKinds = iota
)
