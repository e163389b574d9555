package fsm

import "testing"

// TestICMPError holds that an ICMP error ends an attempt to connect, unproved, and
// nothing else.
func TestICMPError(t *testing.T) {
	var c Conn
	c.Reset(DefaultMSL)
	syn := Segment{Seq: 100, Flags: SYN, Window: 1000}
	c.Step(Client, &syn, NewFrame(0, 1), 0, false)
	at := Stamp{Time: Second, Frame: NewFrame(0, 2), Nth: 1}
	if !c.ICMPError(Client, at) || c.End[Client].State != Closed || c.End[Client].Proved() {
		t.Errorf("the client is in %v, proved %v", c.End[Client].State, c.End[Client].Proved())
	}
	if last := c.Transitions[len(c.Transitions)-1]; last.Rule() != "RFC 9293 §3.9.2.2" || last.Frame != at.Frame || last.Certain() {
		t.Errorf("the transition is %+v", last)
	}
	if c.ICMPError(Client, at) || c.ICMPError(Server, at) {
		t.Error("it ended something once more")
	}
}
