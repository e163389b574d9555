package analyzer_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestTimeSpent says what a connection's time went to, in milliseconds.
func TestTimeSpent(t *testing.T) {
	const beside = `title: spent beside the client
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
> S 0 <mss 1460>
+0.02 < S. 0 ack 1 <mss 1460>
+0.0 > . 1 ack 1
`
	for _, test := range []struct {
		name, script, want string
	}{
		{"a server that thinks", handshaken + `
+0.1 > P. 1(100) ack 1
+0.01 < . 1 ack 101
+6.0 < P. 1(500) ack 101
+0.02 > . 101 ack 501
+0.2 > F. 101 ack 501
+0.01 < F. 501 ack 102
+0.02 > . 102 ack 502`,
			"handshake 20, client application 100, network 30, server application 6000, idle 200, close 30; longest server application 6000 frames 5-6"},
		{"one that acknowledges with its answer", handshaken + `
+0.1 > P. 1(100) ack 1
+0.03 < P. 1(500) ack 101
+0.02 > . 101 ack 501`,
			"handshake 20, client application 100, network 30, server application 20; longest client application 100 frames 3-4"},
		{"a client that thinks, and one that idles", handshaken + `
+0.1 > P. 1(100) ack 1
+0.01 < P. 1(500) ack 101
+0.01 > . 101 ack 501
+4.0 > P. 101(100) ack 501
+0.01 < P. 501(500) ack 201
+0.01 > . 201 ack 1001
+30.0 > . 200 ack 1001
+0.01 < . 1001 ack 201
+30.0 > P. 201(100) ack 1001
+0.01 < P. 1001(500) ack 301`,
			"handshake 20, client application 4100, network 50, idle 60010; longest idle 60010 frames 9-12"},
		{"keepalives while the server thinks", handshaken + `
+0.1 > P. 1(100) ack 1
+0.01 < . 1 ack 101
+20.0 > . 100 ack 1
+0.01 < . 1 ack 101
+20.0 < P. 1(500) ack 101
+0.02 > . 101 ack 501`,
			"handshake 20, client application 100, network 30, server application 40010; longest server application 40010 frames 5-8"},
		{"a request that is lost", handshaken + `
+0.1 > P. 1(100) ack 1
+1.0 > P. 1(100) ack 1
+2.0 > P. 1(100) ack 1
+0.01 < P. 1(500) ack 101
+0.02 > . 101 ack 501`,
			"handshake 20, client application 100, network 30, client loss 3000; longest client loss 3000 frames 4-6"},
		{"a window that is closed", handshaken + `
+0.1 < P. 1(1000) ack 1
+0.01 > . 1 ack 1001 win 0
+0.2 < . 1000 ack 1
+0.01 > . 1 ack 1001 win 0
+0.4 < . 1000 ack 1
+0.01 > . 1 ack 1001 win 0
+0.3 > . 1 ack 1001 win 5000
+0.01 < P. 1001(1000) ack 1
+0.02 > . 1 ack 2001`,
			"handshake 20, network 30, server application 100, client window 930; longest client window 930 frames 5-11"},
		{"a window that is closed for a moment", handshaken + `
+0.1 < P. 1(1000) ack 1
+0.01 > . 1 ack 1001 win 0
+0.15 > . 1 ack 1001 win 5000
+0.002 < P. 1001(1000) ack 1
+0.02 > . 1 ack 2001`,
			"handshake 20, network 30, server application 100, client window 152; longest client window 152 frames 5-7"},
		{"flights, captured beside their receiver", beside + `
+0.1 > P. 1(100) ack 1
+0.02 < . 1(1000) ack 101
+0.0 < . 1001(1000) ack 101
+0.0 > . 101 ack 2001
+0.02 < . 2001(1000) ack 101
+0.0 < . 3001(1000) ack 101
+0.0 > . 101 ack 3001
+0.019 < . 4001(1000) ack 101
+0.05 > . 101 ack 5001
+0.025 < P. 5001(1000) ack 101
+0.0 > . 101 ack 6001`,
			"handshake 20, client application 100, network 129, server application 5; longest network 129 frames 4-13"},
		{"flights, captured beside their sender", handshaken + `
+0.1 < . 1(1000) ack 1
+0.0 < . 1001(1000) ack 1
+0.02 > . 1 ack 2001
+0.0 < . 2001(1000) ack 1
+0.0 < . 3001(1000) ack 1
+0.02 > . 1 ack 3001
+0.005 < P. 4001(1000) ack 1
+0.02 > . 1 ack 5001`,
			"handshake 20, network 65, server application 100; longest server application 100 frames 3-4"},
		{"a window that is filled, captured beside its receiver", `title: spent
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
> S 0 win 1000 <mss 1460>
+0.02 < S. 0 ack 1 <mss 1460>
+0.0 > . 1 ack 1 win 1000
+0.1 > P. 1(100) ack 1 win 1000
+0.02 < P. 1(1000) ack 101
+0.05 > . 101 ack 1001 win 1000
+0.02 < P. 1001(1000) ack 101
+0.05 > . 101 ack 2001 win 1000
+0.022 < P. 2001(1000) ack 101
+0.0 > . 101 ack 3001 win 1000`,
			"handshake 20, client application 100, network 20, client window 142; longest client window 142 frames 5-9"},
		{"a half-close, and an answer behind it", handshaken + `
+0.1 > F. 1(100) ack 1
+0.01 < . 1 ack 102
+3.0 < P. 1(500) ack 102
+0.01 > . 102 ack 501
+0.1 < F. 501 ack 102
+0.01 > . 102 ack 502`,
			"handshake 20, client application 100, network 10, server application 3000, close 120; longest server application 3000 frames 5-6"},
		{"a SYN that is lost", `title: spent
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
> S 0 <mss 1460>
+1.0 > S 0 <mss 1460>
+0.01 < S. 0 ack 1 <mss 1460>
+0.01 > . 1 ack 1
+0.1 > P. 1(100) ack 1
+0.02 < P. 1(500) ack 101`,
			"handshake 1020, client application 100, network 20; longest handshake 1020 frames 1-4"},
		{"refused", `title: spent
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
> S 0 <mss 1460>
+0.02 < R. 0 ack 1`,
			"handshake 20; longest handshake 20 frames 1-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := conversation.Parse(test.name, strings.NewReader(test.script+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if got := spent(&analyse(s, analyzer.Options{}).Connections[0].Spent); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func spent(s *record.Spent) string {
	var parts []string
	add := func(name string, seconds float64) {
		if seconds > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f", name, seconds*1000))
		}
	}
	add("handshake", s.Handshake)
	add("client application", s.App[0])
	add("network", s.Network)
	add("server application", s.App[1])
	add("client window", s.Window[0])
	add("server window", s.Window[1])
	add("client loss", s.Loss[0])
	add("server loss", s.Loss[1])
	add("idle", s.Idle)
	add("close", s.Close)
	l := s.Longest[0]
	name := strings.TrimSpace(l.Side + " " + string(l.Cause))
	return fmt.Sprintf("%s; longest %s %.0f frames %d-%d", strings.Join(parts, ", "), name, l.Seconds*1000, l.From.Number(), l.To.Number())
}

// TestTimeSpentAddsUp holds what the time went to against how long each connection of all
// captures lasted.
func TestTimeSpentAddsUp(t *testing.T) {
	files, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	connections := 0
	for _, file := range files {
		src, err := capture.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := analyzer.Analyze(t.Context(), []capture.Source{src}, analyzer.Options{})
		if err != nil {
			t.Logf("%s: %v", file, err)
		}
		if r == nil {
			continue
		}
		for _, c := range r.Connections {
			connections++
			want := max(0, c.Last.Seconds(c.First))
			if c.Quality.OneSided || c.Quality.Untimed {
				want = 0 // nobody knows
			}
			if got := c.Spent.Total(); math.Abs(got-want) > 1e-6 {
				t.Errorf("%s: connection %d: %.9f s went to %+v, it lasted %.9f s", file, c.ID, got, c.Spent, want)
			}
		}
	}
	if connections < 1000 {
		t.Errorf("only %d connections", connections)
	}
}
