package kernelscore

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// TestEndShown holds which segments around the end of a socket show it.
func TestEndShown(t *testing.T) {
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	at := time.Unix(1000, 0)
	for _, c := range []struct {
		name  string
		state string // that ended
		from  netip.AddrPort
		flags fsm.Flags
		after time.Duration
		want  bool
	}{
		{"a SYN sent again as the application gives up", "SYN-SENT", client, fsm.SYN, -100 * time.Microsecond, false},
		{"the RST that refuses", "SYN-SENT", server, fsm.RST | fsm.ACK, -20 * time.Microsecond, true},
		{"a RST long before", "SYN-SENT", server, fsm.RST | fsm.ACK, -time.Second, false},
		{"a late SYN-ACK", "SYN-SENT", server, fsm.SYN | fsm.ACK, time.Millisecond, false},
		{"the RST that answers a late SYN-ACK", "SYN-SENT", client, fsm.RST, time.Second, true},
		{"the last ACK", "LAST-ACK", server, fsm.ACK, -20 * time.Microsecond, true},
		{"an abort", "ESTABLISHED", client, fsm.RST | fsm.ACK, 20 * time.Microsecond, true},
		{"data long before", "ESTABLISHED", client, fsm.ACK, -time.Second, false},
	} {
		f := &frame{time: at.Add(c.after), from: c.from, segment: fsm.Segment{Flags: c.flags}}
		own := &talk{tuple: &[]*frame{f}}
		end := &lab.StateChange{Time: at, From: c.state, To: "CLOSED"}
		if got := own.shows(own, client, end); got != c.want {
			t.Errorf("%s: shown %v, want %v", c.name, got, c.want)
		}
		away := &talk{tuple: &[]*frame{{origin: f, from: c.from}}}
		if got := away.shows(own, client, end); got != c.want {
			t.Errorf("%s, elsewhere: shown %v, want %v", c.name, got, c.want)
		}
	}
}

// TestQueuedFIN holds what a capture shows of a socket that was closed while its FIN waited
// behind data, and got the peer's FIN first.
func TestQueuedFIN(t *testing.T) {
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	at := func(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }
	states := []lab.StateChange{{Time: at(10), From: "ESTABLISHED", To: "FIN-WAIT-1"}, {Time: at(20), From: "FIN-WAIT-1", To: "CLOSING"}}
	for _, c := range []struct {
		name string
		sent int // its FIN
		want []string
	}{
		{"the FIN waits", 21, []string{"ESTABLISHED", "CLOSE-WAIT", "LAST-ACK"}},
		{"both FINs cross", 11, []string{"ESTABLISHED", "FIN-WAIT-1", "CLOSING"}},
	} {
		own := &talk{
			conn: &lab.Connection{Client: client, Server: server, ServerSide: lab.Endpoint{States: states}},
			tuple: &[]*frame{
				{time: at(19), from: client, segment: fsm.Segment{Flags: fsm.FIN | fsm.ACK}},
				{time: at(c.sent), from: server, segment: fsm.Segment{Flags: fsm.FIN | fsm.ACK}},
			},
		}
		if got := own.expected(own, false); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestQueuedFINRecorded holds the records of real connections whose server closed while data
// waited: wherever they were captured, CLOSE-WAIT must not be called proved.
func TestQueuedFINRecorded(t *testing.T) {
	useTshark = false
	defer func() { useTshark = true }()
	for _, name := range []string{"close-behind-data", "close-behind-closed-window"} {
		s := new(Score)
		if err := s.Add(filepath.Join(pcaps, "kernel", name+".truth.json")); err != nil {
			t.Fatal(err)
		}
		for at, tally := range s.Total().At {
			if tally.Endpoints == 0 || tally.Right != tally.Endpoints {
				t.Errorf("%s: at place %d %d of %d endpoints are right:\n%s", name, at, tally.Right, tally.Endpoints, written(s))
			}
		}
	}
}
