package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestLateHandshakeACK has the handshake's ACK come late, twice, or not at all, so that it or
// what comes in its place sits where a keepalive probe would.
func TestLateHandshakeACK(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		probes uint64
	}{
		"behind both FINs": {"> S 0\n< S. 0 ack 1\n> F. 1 ack 1\n< F. 1 ack 2\n> . 2 ack 2\n> . 1 ack 1\n", 0},
		"twice":            {"> S 0 id 10\n< S. 0 ack 1\n> . 1 ack 1 id 11\n> F. 1 ack 1 id 12\n+0.03 > . 1 ack 1 id 11\n> F. 1 ack 1 id 12\n", 0},
		"lost, and probed": {"> S 0\n< S. 0 ack 1\n+1.0 > . 0 ack 1\n< R 1\n", 1},
		"an idle probe":    {"> S 0\n< S. 0 ack 1\n> . 1 ack 1\n+20.0 > . 0 ack 1\n< . 1 ack 1\n", 1},
	} {
		s, err := conversation.Parse("late", strings.NewReader("title: late\n\n"+tt.script))
		if err != nil {
			t.Fatal(name, err)
		}
		c := analyse(s, analyzer.Options{}).Connections[0]
		if n := c.Traffic[0].Keepalive.Probes; n != tt.probes {
			t.Errorf("%s: %d probes", name, n)
		}
		for _, a := range c.Anomalies {
			if a.Name == record.CheckKeepaliveWhileDataOutstanding || a.Name == record.CheckHandshakeBadFinalACK {
				t.Errorf("%s: %s: %s", name, a.Name, a.Message)
			}
		}
		if c.Verdict.Code == record.VerdictHandshakeBadNumber {
			t.Errorf("%s: %s", name, c.Verdict.Sentence)
		}
	}
}
