package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Related is another connection that one belongs together with.
type Related struct {
	ID     uint64
	Kind   RelatedKind
	Frames []fsm.Frame // what shows it
}

// Link is two connections that belong together, by their IDs.
type Link struct {
	IDs  [2]uint64
	Kind RelatedKind
}

// RelatedKind names how two connections belong together: kebab-case words that never
// change.
type RelatedKind string

// The kinds.
const (
	RelatedLeg        RelatedKind = "leg"                  // one connection, captured on both sides of a box or a tag
	RelatedTranslated RelatedKind = "translated"           // one connection under two addresses
	RelatedBypasses   RelatedKind = "bypasses-translation" // its answers come from an address that the client did not ask
	RelatedMPTCP      RelatedKind = "mptcp-subflow"        // another subflow of the same MPTCP connection
)

// Joined is the first segment of a connection that the capture joins midway.
type Joined struct {
	From     fsm.Side
	Seq, Ack fsm.Seq
}
