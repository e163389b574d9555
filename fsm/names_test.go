package fsm

import (
	"slices"
	"testing"
)

// TestStateNames holds the names against those of RFC 9293 §3.3.2.
func TestStateNames(t *testing.T) {
	rfc := []string{
		"LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
		"CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSED",
	}
	if len(rfc) != NumStates {
		t.Fatalf("%d states, want %d", NumStates, len(rfc))
	}
	for s := range State(NumStates) {
		if !slices.Contains(rfc, s.String()) {
			t.Errorf("state %d is called %q", s, s)
		}
		if back, ok := ParseState(s.String()); !ok || back != s {
			t.Errorf("ParseState(%q) = %v, %v", s, back, ok)
		}
		sync := s != Closed && s != Listen && s != SynSent && s != SynReceived
		if s.Synchronized() != sync {
			t.Errorf("%v.Synchronized() = %v", s, !sync)
		}
	}
	for _, no := range []string{"", "closed", "SYN_SENT", "INVALID"} {
		if s, ok := ParseState(no); ok {
			t.Errorf("ParseState(%q) = %v", no, s)
		}
	}
	if got := State(NumStates).String(); got != "INVALID" {
		t.Errorf("a state out of range is called %q", got)
	}
}

// TestNamesUnique catches a name missing from a list, or there twice.
func TestNamesUnique(t *testing.T) {
	seen := map[string]bool{}
	for e := range Event(numEvents) {
		if n := e.String(); n == "" || n == "invalid" || seen[n] {
			t.Errorf("event %d is called %q", e, n)
		}
		seen[e.String()] = true
	}
	if got := Event(numEvents).String(); got != "invalid" {
		t.Errorf("an event out of range is called %q", got)
	}
	for c, want := range []string{"sent", "received", "timer", "assumed"} {
		if got := Cause(c).String(); got != want {
			t.Errorf("cause %d is called %q, want %q", c, got, want)
		}
	}
	if Client.String() != "client" || Server.String() != "server" || Client.Peer() != Server || Server.Peer() != Client {
		t.Error("sides are wrong")
	}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		file int
		n    uint64
	}{{0, 1}, {0, 1<<40 - 1}, {1, 1}, {1<<24 - 1, 1<<40 - 1}} {
		f := NewFrame(c.file, c.n)
		if f.File() != c.file || f.Number() != c.n {
			t.Errorf("NewFrame(%d, %d) is file %d, number %d", c.file, c.n, f.File(), f.Number())
		}
	}
	if f := Frame(0); f.Number() != 0 {
		t.Error("the zero frame has a number")
	}
	if got := (3*Second + Second/2).Seconds(Second); got != 2.5 {
		t.Errorf("Seconds: %v, want 2.5", got)
	}
}
