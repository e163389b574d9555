package analyzer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestDelayedACKStall has requests in two parts wait for the delayed ACK of the first, over a
// round trip of half the delay, seen at either end; and data that only resemble that: full
// segments, which Nagle's algorithm never holds back, and such as had no room before.
func TestDelayedACKStall(t *testing.T) {
	for name, tt := range map[string]struct {
		near, far float64 // the round trip from the tap to the client, and to the server
		hold      float64 // how long the server holds its ACK back
		size      int     // of the second part
		window    int     // of the server
		found     bool
	}{
		"beside the client":   {0.0001, 0.02, 0.04, 200, 64000, true},
		"beside the server":   {0.02, 0.0001, 0.04, 200, 64000, true},
		"an ACK at once":      {0.0001, 0.06, 0, 200, 64000, false},
		"full segments":       {0.0001, 0.02, 0.04, 1460, 64000, false},
		"no room in a window": {0.0001, 0.02, 0.04, 200, 150, false},
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "title: parts\n\n> S 0 <mss 1460>\n+%.4f < S. 0 ack 1 win %d <mss 1460>\n+%.4f > . 1 ack 1\n", tt.far, tt.window, tt.near)
		next, answer := 1, 1
		for range 5 {
			fmt.Fprintf(&b, "+0.2 > P. %d(100) ack %d\n", next, answer)
			next += 100
			fmt.Fprintf(&b, "+%.4f < . %d ack %d win %d\n", tt.far+tt.hold, answer, next, tt.window)
			fmt.Fprintf(&b, "+%.4f > P. %d(%d) ack %d\n", tt.near, next, tt.size, answer)
			next += tt.size
			fmt.Fprintf(&b, "+%.4f < P. %d(50) ack %d win %d\n", tt.far, answer, next, tt.window)
			answer += 50
			fmt.Fprintf(&b, "+%.4f > . %d ack %d\n", tt.near, next, answer)
		}
		s, err := conversation.Parse("parts", strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(name, err)
		}
		found := false
		for _, a := range analyse(s, analyzer.Options{}).Connections[0].Anomalies {
			found = found || a.Name == record.CheckDelayedACKStall
		}
		if found != tt.found {
			t.Errorf("%s: found %v", name, found)
		}
	}
}
