package fsm

import (
	"strings"
	"testing"
)

// figure5 lists by hand every arrow of RFC 9293 Figure 5, from the top of the
// drawing to its bottom, then what its notes and the text behind it add. A row
// stands here because the RFC says so, not because the table has it.
var figure5 = []Row{
	{Closed, PassiveOpen, Listen, "§3.10.1"},          // passive OPEN / create TCB: "If passive, enter the LISTEN state"
	{Closed, SendSYN, SynSent, "§3.10.1"},             // active OPEN / create TCB, snd SYN: "enter SYN-SENT state"
	{Listen, CloseCall, Closed, "§3.10.4"},            // CLOSE / delete TCB
	{Listen, RecvSYN, SynReceived, "§3.10.7.2"},       // rcv SYN / snd SYN,ACK: "should be changed to SYN-RECEIVED"
	{Listen, SendSYN, SynSent, "§3.10.2"},             // SEND / snd SYN: "enter SYN-SENT state"
	{SynSent, CloseCall, Closed, "§3.10.4"},           // CLOSE / delete TCB
	{SynSent, RecvSYN, SynReceived, "§3.10.7.3"},      // rcv SYN / snd SYN,ACK: "Otherwise, enter SYN-RECEIVED"
	{SynSent, RecvSYNACK, Established, "§3.10.7.3"},   // rcv SYN,ACK / snd ACK: "our SYN has been ACKed"
	{SynReceived, RecvRST, Listen, "§3.10.7.4"},       // rcv RST (note 1: after a passive OPEN)
	{SynReceived, AckOfSYN, Established, "§3.10.7.4"}, // rcv ACK of SYN / x
	{SynReceived, SendFIN, FinWait1, "§3.10.4"},       // CLOSE / snd FIN: "enter FIN-WAIT-1 state"
	{Established, SendFIN, FinWait1, "§3.10.4"},       // CLOSE / snd FIN
	{Established, RecvFIN, CloseWait, "§3.10.7.4"},    // rcv FIN / snd ACK
	{FinWait1, RecvFIN, Closing, "§3.10.7.4"},         // rcv FIN / snd ACK: "otherwise, enter the CLOSING state"
	{FinWait1, AckOfFIN, FinWait2, "§3.10.7.4"},       // rcv ACK of FIN / x
	{CloseWait, SendFIN, LastAck, "§3.10.4"},          // CLOSE / snd FIN: "enter LAST-ACK state"
	{FinWait2, RecvFIN, TimeWait, "§3.10.7.4"},        // rcv FIN / snd ACK
	{Closing, AckOfFIN, TimeWait, "§3.10.7.4"},        // rcv ACK of FIN / x
	{LastAck, AckOfFIN, Closed, "§3.10.7.4"},          // rcv ACK of FIN / x
	{TimeWait, Timeout2MSL, Closed, "§3.10.8"},        // Timeout=2MSL / delete TCB

	// Note 2, FIN-WAIT-1 to TIME-WAIT, is two rows above in one segment, as
	// §3.10.7.4 has it: the ACK of the FIN (fifth), then the FIN (eighth).

	// Note 3: "A RST can be sent from any state". Where that leads, the note (as
	// §3.5.2, a "should" for the sake of busy servers) says TIME-WAIT, and §3.10.5
	// (ABORT) says, for each of these states, CLOSED; that text is the specification
	// and the figure "only a summary". An ABORT sends a RST in five of them; in the others a
	// RST is the answer of an endpoint whose TCB is deleted already (§3.10.7.1).
	{SynSent, SendRST, Closed, "§3.10.7.1"},
	{SynReceived, SendRST, Closed, "§3.10.5"},
	{Established, SendRST, Closed, "§3.10.5"},
	{FinWait1, SendRST, Closed, "§3.10.5"},
	{FinWait2, SendRST, Closed, "§3.10.5"},
	{CloseWait, SendRST, Closed, "§3.10.5"},
	{Closing, SendRST, Closed, "§3.10.7.1"},
	{LastAck, SendRST, Closed, "§3.10.7.1"},
	{TimeWait, SendRST, Closed, "§3.10.7.1"},

	// Note 3: "receipt of a RST from any state results in a transition to LISTEN or
	// CLOSED". Not in LISTEN, where §3.10.7.2 ignores it.
	{SynSent, RecvRST, Closed, "§3.10.7.3"},
	{SynReceived, RecvRST, Closed, "§3.10.7.4"}, // after an active OPEN
	{Established, RecvRST, Closed, "§3.10.7.4"},
	{FinWait1, RecvRST, Closed, "§3.10.7.4"},
	{FinWait2, RecvRST, Closed, "§3.10.7.4"},
	{CloseWait, RecvRST, Closed, "§3.10.7.4"},
	{Closing, RecvRST, Closed, "§3.10.7.4"},
	{LastAck, RecvRST, Closed, "§3.10.7.4"},
	{TimeWait, RecvRST, Closed, "§3.10.7.4"},

	// Not drawn, but in the text: a FIN in SYN-RECEIVED (§3.10.7.4, eighth).
	{SynReceived, RecvFIN, CloseWait, "§3.10.7.4"},
	// Likewise: an ICMP error in SYN-SENT.
	{SynSent, RecvICMPError, Closed, "§3.9.2.2"},
}

// TestFigure5 holds the table against the figure: none missing, none extra.
func TestFigure5(t *testing.T) {
	type arrow struct {
		from State
		ev   Event
		to   State
	}
	have := map[arrow]string{}
	for _, r := range append(Table, passiveReset) {
		a := arrow{r.From, r.Event, r.To}
		if _, twice := have[a]; twice {
			t.Errorf("%v, %v > %v is in the table twice", r.From, r.Event, r.To)
		}
		have[a] = r.Rule
	}
	for _, w := range figure5 {
		a := arrow{w.From, w.Event, w.To}
		rule, ok := have[a]
		delete(have, a)
		switch {
		case !ok:
			t.Errorf("missing: %v, %v > %v (%s)", w.From, w.Event, w.To, w.Rule)
		case rule != "RFC 9293 "+w.Rule:
			t.Errorf("%v, %v > %v: rule %q, want section %s", w.From, w.Event, w.To, rule, w.Rule)
		}
	}
	for a, rule := range have {
		if !strings.HasPrefix(rule, "observer: ") {
			t.Errorf("extra: %v, %v > %v (%s)", a.from, a.ev, a.to, rule)
		}
	}
}

// TestObserverRows keeps what the RFC does not say to what is listed here.
func TestObserverRows(t *testing.T) {
	want := map[Row]bool{
		{From: Closed, Event: JoinedMidway, To: Established}: true,
		{From: Listen, Event: SendRST, To: Closed}:           true, // it listens no more, or never came back to it
	}
	for _, r := range Table {
		if strings.HasPrefix(r.Rule, "observer: ") {
			r.Rule = ""
			if !want[r] {
				t.Errorf("unknown: %v, %v > %v", r.From, r.Event, r.To)
			}
			delete(want, r)
		}
	}
	for r := range want {
		t.Errorf("missing: %v, %v > %v", r.From, r.Event, r.To)
	}
}

// TestTableLookup holds apply, rule and index against the rows one by one, and
// every pair without a row against changing nothing.
func TestTableLookup(t *testing.T) {
	rows := map[[2]int]Row{}
	for _, r := range Table {
		key := [2]int{int(r.From), int(r.Event)}
		if _, twice := rows[key]; twice {
			t.Errorf("%v has two rows for %v", r.From, r.Event)
		}
		rows[key] = r
	}
	for from := range State(NumStates) {
		for ev := range Event(numEvents) {
			for _, passive := range []bool{false, true} {
				var c Conn
				c.Reset(DefaultMSL)
				c.End[Server] = Endpoint{State: from, Passive: passive}
				row, ok := rows[[2]int{int(from), int(ev)}]
				if passive && from == SynReceived && ev == RecvRST {
					row = passiveReset
				}
				if got := c.apply(Server, ev, Sent, Stamp{Time: 5, Frame: 7}, 7); got != ok {
					t.Errorf("%v, %v: apply is %v", from, ev, got)
				}
				if !ok {
					if c.End[Server].State != from || len(c.Transitions) != 0 {
						t.Errorf("%v, %v changes something", from, ev)
					}
					continue
				}
				if len(c.Transitions) != 1 {
					t.Fatalf("%v, %v: %d transitions", from, ev, len(c.Transitions))
				}
				tr := c.Transitions[0]
				if c.End[Server].State != row.To || tr.From != from || tr.To != row.To || tr.Event != ev || tr.Side != Server {
					t.Errorf("%v, %v: %+v", from, ev, tr)
				}
				if tr.Rule() != row.Rule {
					t.Errorf("%v, %v: rule %q, want %q", from, ev, tr.Rule(), row.Rule)
				}
			}
		}
	}
}
