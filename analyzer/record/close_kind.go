package record

// CloseKind names how a connection had ended when its record did: kebab-case words
// that never change.
type CloseKind string

// The kinds.
const (
	CloseNone             CloseKind = "none"              // no state was ever left
	CloseRefused          CloseKind = "refused"           // the SYN was answered by a RST
	CloseUnanswered       CloseKind = "unanswered"        // nothing came back for the SYN
	CloseRejected         CloseKind = "rejected"          // an ICMP error answered the SYN, and no segment
	CloseAbortedHandshake CloseKind = "aborted-handshake" // a RST before the handshake was complete
	CloseReset            CloseKind = "reset"             // a RST before both sides had closed
	CloseNormal           CloseKind = "normal"            // two FINs, one after the other, both acknowledged
	CloseSimultaneous     CloseKind = "simultaneous"      // two FINs that crossed
	CloseHalfClosed       CloseKind = "half-closed"       // one FIN
	CloseClosing          CloseKind = "closing"           // two FINs, not both acknowledged
	CloseOpening          CloseKind = "opening"           // the handshake was under way
	CloseOpen             CloseKind = "open"              // neither FIN nor RST
)
