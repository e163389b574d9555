package lab

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	here  = netip.MustParseAddr("10.77.1.2")
	there = netip.MustParseAddr("10.77.2.2")
)

const traceHead = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 9/9   #P:2\n#\n"

// stateLine is a line of the kernel's trace as Linux 6.18 writes it.
func stateLine(at, from, fromPort, to, toPort, old, now string) string {
	return "         a b:c-7443    [001] ..s2.  " + at + ": inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP sport=" + fromPort +
		" dport=" + toPort + " saddr=" + from + " daddr=" + to + " saddrv6=::ffff:" + from + " daddrv6=::ffff:" + to +
		" oldstate=" + old + " newstate=" + now + "\n"
}

func TestParseTrace(t *testing.T) {
	text := traceHead +
		stateLine("1354.719534", "10.77.1.2", "40000", "10.77.2.2", "80", "TCP_CLOSE", "TCP_SYN_SENT") +
		"  <idle>-0    [000] ..s1.  1354.720511: tcp_send_reset: skbaddr=00000000ab46a293 skaddr=0000000000000000 src=[fd77:2::2]:81 dest=[fd77:1::2]:40000 state=UNKNOWN reason=NO_SOCKET\n" +
		strings.Replace(stateLine("1354.8", "10.77.1.2", "1", "10.77.2.2", "2", "TCP_CLOSE", "TCP_LISTEN"), "IPPROTO_TCP", "IPPROTO_MPTCP", 1)
	got, err := parseTrace(text, 1000*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d reports, want 2: %v", len(got), got)
	}
	if want := time.Unix(2354, 719534000); !got[0].time.Equal(want) {
		t.Errorf("time %v, want %v", got[0].time, want)
	}
	if got[0].from != netip.MustParseAddrPort("10.77.1.2:40000") || got[0].fields["newstate"] != "TCP_SYN_SENT" {
		t.Errorf("state change read as %+v", got[0])
	}
	if got[1].from != netip.MustParseAddrPort("[fd77:2::2]:81") || got[1].to != netip.MustParseAddrPort("[fd77:1::2]:40000") || got[1].fields["reason"] != "NO_SOCKET" {
		t.Errorf("reset read as %+v", got[1])
	}
}

// A trace that lost entries must not pass for the truth.
func TestParseTraceOverflow(t *testing.T) {
	if _, err := parseTrace("# entries-in-buffer/entries-written: 9/12   #P:2\n", 0); err == nil {
		t.Error("no error for a trace that lost three entries")
	}
}

func TestAssemble(t *testing.T) {
	text := traceHead
	second := 0
	line := func(from, fromPort, to, toPort, old, now string) {
		second++
		text += stateLine("100"+string(rune('0'+second%10))+".000000", from, fromPort, to, toPort, old, now)
	}
	client := func(old, now string) { line("10.77.1.2", "40000", "10.77.2.2", "80", old, now) }
	server := func(old, now string) { line("10.77.2.2", "80", "10.77.1.2", "40000", old, now) }

	line("10.77.2.2", "80", "10.77.1.2", "555", "TCP_LAST_ACK", "TCP_CLOSE") // an orphan of an earlier scenario
	client("TCP_CLOSE", "TCP_SYN_SENT")
	client("TCP_SYN_SENT", "TCP_ESTABLISHED")
	server("TCP_LISTEN", "TCP_SYN_RECV")
	client("TCP_ESTABLISHED", "TCP_CLOSE")
	client("TCP_CLOSE", "TCP_SYN_SENT")    // again, while the server's first socket lives
	server("TCP_SYN_RECV", "TCP_CLOSE")    // still of the first incarnation
	server("TCP_LISTEN", "TCP_SYN_RECV")   // of the second
	server("TCP_SYN_RECV", "TCP_SYN_RECV") // no change
	text += "  x-1 [000] ..... 1009.500000: tcp_send_reset: skbaddr=0 skaddr=1 src=10.77.2.2:80 dest=0.0.0.0:0 state=TCP_LISTEN reason=NO_SOCKET\n"

	reports, err := parseTrace(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := []sighting{{time.Unix(1009, 500100000), netip.AddrPortFrom(there, 80), netip.AddrPortFrom(here, 40000)}}
	got := assemble(reports, here, there, nil, seen)
	if len(got) != 2 {
		t.Fatalf("%d connections, want 2", len(got))
	}
	for i, want := range []struct{ client, server string }{
		{"CLOSED SYN-SENT ESTABLISHED CLOSED", "LISTEN SYN-RECEIVED CLOSED"},
		{"CLOSED SYN-SENT", "LISTEN SYN-RECEIVED"},
	} {
		if got[i].Incarnation != i+1 {
			t.Errorf("connection %d is incarnation %d", i, got[i].Incarnation)
		}
		if c, s := got[i].ClientSide.Path(), got[i].ServerSide.Path(); c != want.client || s != want.server {
			t.Errorf("connection %d went %q and %q, want %q and %q", i, c, s, want.client, want.server)
		}
	}
	if n := len(got[1].ServerSide.ResetsSent); n != 1 {
		t.Errorf("the listener's reset was not given to its connection: %d resets", n)
	}
}
