package fsm

// Event is what one segment, call or timer means to one endpoint.
type Event uint8

// The events, in the words of RFC 9293 Figure 5. Those of a segment come in the
// order in which §3.10.7.4 checks it: RST, SYN, ACK, FIN.
const (
	NoEvent Event = iota

	// What the endpoint's user asked for and no segment shows.
	PassiveOpen // OPEN call, passive
	CloseCall   // CLOSE call where nothing is sent, or the user gave up

	// What the endpoint sent.
	SendSYN
	SendSYNACK
	SendFIN
	SendRST

	// What it received and accepted.
	RecvRST
	RecvSYN
	RecvSYNACK // a SYN that also acknowledges our SYN
	AckOfSYN
	AckOfFIN
	RecvFIN

	// What another host told of its segment.
	RecvICMPError // about its SYN, which it then did not send again

	// Timers.
	Timeout2MSL

	// What an observer infers of a connection it did not see begin.
	JoinedMidway

	numEvents = iota
)

var eventNames = [numEvents]string{
	"none", "passive OPEN", "CLOSE", "send SYN", "send SYN,ACK", "send FIN", "send RST",
	"receive RST", "receive SYN", "receive SYN,ACK", "receive ACK of SYN", "receive ACK of FIN",
	"receive FIN", "receive ICMP error", "2 MSL timeout", "joined midway",
}

// String returns the event in words, such as "receive ACK of FIN".
func (e Event) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return "invalid"
}
