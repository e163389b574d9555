package fsm

// Row is one line of the transition table.
type Row struct {
	From  State
	Event Event
	To    State
	Rule  string // RFC 9293 section unless it names another source
}

// Table is the whole protocol: RFC 9293 Figure 5 with its notes, and the few
// rows (rule "observer: …") for what a tap joins midway. No other code assigns
// a state. A (state, event) pair that is absent changes nothing.
//
// Figure 5's note 2 (FIN-WAIT-1 to TIME-WAIT when one segment both acknowledges
// our FIN and carries the peer's) needs no row: the RFC's order of processing
// makes it AckOfFIN, then RecvFIN. Receiving a RST in SYN-RECEIVED depends on
// how the connection was opened (note 1); the row here is the active open's,
// passiveReset holds the other.
var Table = []Row{
	// Opening.
	{Closed, PassiveOpen, Listen, "RFC 9293 §3.10.1"},
	{Closed, SendSYN, SynSent, "RFC 9293 §3.10.1"},
	{Listen, SendSYN, SynSent, "RFC 9293 §3.10.2"},
	{Listen, CloseCall, Closed, "RFC 9293 §3.10.4"},
	{Listen, RecvSYN, SynReceived, "RFC 9293 §3.10.7.2"},
	{SynSent, CloseCall, Closed, "RFC 9293 §3.10.4"},
	{SynSent, RecvSYN, SynReceived, "RFC 9293 §3.10.7.3"},
	{SynSent, RecvSYNACK, Established, "RFC 9293 §3.10.7.3"},
	{SynReceived, AckOfSYN, Established, "RFC 9293 §3.10.7.4"},

	// Closing.
	{SynReceived, SendFIN, FinWait1, "RFC 9293 §3.10.4"},
	{SynReceived, RecvFIN, CloseWait, "RFC 9293 §3.10.7.4"},
	{Established, SendFIN, FinWait1, "RFC 9293 §3.10.4"},
	{Established, RecvFIN, CloseWait, "RFC 9293 §3.10.7.4"},
	{FinWait1, AckOfFIN, FinWait2, "RFC 9293 §3.10.7.4"},
	{FinWait1, RecvFIN, Closing, "RFC 9293 §3.10.7.4"},
	{FinWait2, RecvFIN, TimeWait, "RFC 9293 §3.10.7.4"},
	{CloseWait, SendFIN, LastAck, "RFC 9293 §3.10.4"},
	{Closing, AckOfFIN, TimeWait, "RFC 9293 §3.10.7.4"},
	{LastAck, AckOfFIN, Closed, "RFC 9293 §3.10.7.4"},
	{TimeWait, Timeout2MSL, Closed, "RFC 9293 §3.10.8"},

	// Resets: sent (ABORT, or an answer that a closed endpoint gives) and received. An ABORT
	// sends none in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT: there a RST answers a segment that
	// found no connection any more.
	{Listen, SendRST, Closed, "observer: a RST from an endpoint that was thought to listen"},
	{SynSent, SendRST, Closed, "RFC 9293 §3.10.7.1"},
	{SynReceived, SendRST, Closed, "RFC 9293 §3.10.5"},
	{Established, SendRST, Closed, "RFC 9293 §3.10.5"},
	{FinWait1, SendRST, Closed, "RFC 9293 §3.10.5"},
	{FinWait2, SendRST, Closed, "RFC 9293 §3.10.5"},
	{CloseWait, SendRST, Closed, "RFC 9293 §3.10.5"},
	{Closing, SendRST, Closed, "RFC 9293 §3.10.7.1"},
	{LastAck, SendRST, Closed, "RFC 9293 §3.10.7.1"},
	{TimeWait, SendRST, Closed, "RFC 9293 §3.10.7.1"},
	{SynSent, RecvRST, Closed, "RFC 9293 §3.10.7.3"},
	{SynReceived, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{Established, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{FinWait1, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{FinWait2, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{CloseWait, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{Closing, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{LastAck, RecvRST, Closed, "RFC 9293 §3.10.7.4"},
	{TimeWait, RecvRST, Closed, "RFC 9293 §3.10.7.4"},

	// ICMP errors: hard ones abort the connection, and for soft ones Linux too gives an
	// attempt up. In the synchronised states it goes on.
	{SynSent, RecvICMPError, Closed, "RFC 9293 §3.9.2.2"},

	// A connection that the capture joins midway.
	{Closed, JoinedMidway, Established, "observer: the capture begins after the handshake"},
}

// passiveReset is note 1 of Figure 5: after a passive OPEN a RST in SYN-RECEIVED
// leads back to LISTEN.
var passiveReset = Row{SynReceived, RecvRST, Listen, "RFC 9293 §3.10.7.4"}

// rowIndex finds a pair's row: 1 + its place in Table, or 0 for none.
var rowIndex = func() (index [NumStates][numEvents]uint8) {
	for i, r := range Table {
		index[r.From][r.Event] = uint8(i + 1)
	}
	return index
}()

func ruleOf(from State, ev Event) string {
	if i := rowIndex[from][ev]; i != 0 {
		return Table[i-1].Rule
	}
	return ""
}
