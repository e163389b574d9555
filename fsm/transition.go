package fsm

// Cause says how an observer knows of a transition.
type Cause uint8

// The causes. A sent segment is certain; a received one is certain only once a
// proof is on record; a timer's transition shows on no wire; an assumed one is
// what must have happened outside the capture.
const (
	Sent Cause = iota
	Received
	Timer
	Assumed
)

// String returns "sent", "received", "timer" or "assumed".
func (c Cause) String() string {
	return [...]string{"sent", "received", "timer", "assumed"}[c&3]
}

// Transition is one change of one endpoint's state.
type Transition struct {
	Time  Time   // capture time of Frame, or when the timer ran out
	Frame Frame  // the segment that caused it; 0 for a timer
	Proof Frame  // the segment that proves it; 0 while nothing does, or where it is not sure from which state it led
	Nth   uint32 // ordinal of the segment within its connection, from 1
	Side  Side
	From  State
	To    State
	Event Event
	Cause Cause

	// What the endpoint must acknowledge, or echo, to prove that it received
	// the segment. A zero-length segment can be proved only by its timestamp.
	provenAck Seq
	provenTS  uint32
	proofBy   proofKind

	// It happened, and with which segment, or in which order with the endpoint's other
	// transitions, is not known: it has no proof, and the states after it do not depend on it.
	moot bool
}

type proofKind uint8

const (
	proofByAck proofKind = 1 << iota
	proofByTimestamp
)

// Certain reports whether the transition needs no proof, or has one. A FIN that leads from
// CLOSE-WAIT to LAST-ACK proves that itself, unless its sender may have closed before, the FIN
// waiting behind data.
func (t *Transition) Certain() bool {
	return t.Proof != 0 || t.Cause != Received && t.From != CloseWait
}

// provisional reports whether a proof of it, or of the contrary, may still come.
func (t *Transition) provisional() bool { return t.Cause == Received && t.Proof == 0 && !t.moot }

// Rule returns the clause behind the transition: an RFC section, or a text that
// begins with "observer:" where the tool infers what no wire shows.
func (t *Transition) Rule() string { return ruleOf(t.From, t.Event) }
