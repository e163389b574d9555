package flow

// Kind says why a segment was retransmitted.
type Kind uint8

// The kinds. SYN, SYN-ACK and FIN are retransmitted by the same timers, but their
// names tell more.
const (
	KindUnknown Kind = iota
	KindSYN
	KindSYNACK
	KindTimeout // the retransmission timer, or recovery after it (RFC 6298 §5)
	KindFast    // duplicate ACKs or SACK (RFC 5681 §3.2, RFC 6675, RFC 8985)
	KindProbe   // tail loss probe (RFC 8985 §7)

	// NumKinds is the number of kinds.
	NumKinds = iota
)
