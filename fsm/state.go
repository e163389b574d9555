package fsm

// State is a connection state of RFC 9293 §3.3.2.
type State uint8

// The eleven states. Closed is the zero value: no TCB exists, or nothing about
// the endpoint is known yet.
const (
	Closed State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait

	// NumStates is the number of states; every State value is below it.
	NumStates = iota
)

var stateNames = [NumStates]string{
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
}

// String returns the name in the RFC's spelling, such as "FIN-WAIT-1".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "INVALID"
}

// ParseState returns the state that has the given RFC name.
func ParseState(name string) (State, bool) {
	for i, n := range stateNames {
		if n == name {
			return State(i), true
		}
	}
	return Closed, false
}

// Synchronized reports whether both sides know each other's initial sequence
// number in this state (RFC 9293 §3.3.2: every state from ESTABLISHED on).
func (s State) Synchronized() bool { return s >= Established }

// Side names one of the two endpoints of a connection.
type Side uint8

// The client is the endpoint that sent the first SYN; the server is the other.
const (
	Client Side = 0
	Server Side = 1
)

// Peer returns the other side.
func (s Side) Peer() Side { return s ^ 1 }

// String returns "client" or "server".
func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}
