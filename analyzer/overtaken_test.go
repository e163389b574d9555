package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestAckOvertakenByRST has the handshake's ACK come behind the RST of its sender. Its IP
// identification lies between those of the SYN and of the RST: it was sent between the two.
// One that lies behind the RST's was sent after it.
func TestAckOvertakenByRST(t *testing.T) {
	for id, injected := range map[string]bool{"4625": false, "4627": true} {
		text := "title: overtaken\n\n> S 0 id 4624\n< S. 0 ack 1\n> R. 1 ack 1 id 4626\n+0.001 > . 1 ack 1 id " + id + "\n"
		s, err := conversation.Parse("overtaken", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, a := range analyse(s, analyzer.Options{}).Connections[0].Anomalies {
			found = found || a.Name == record.CheckRSTInjectionSuspected
		}
		if found != injected {
			t.Errorf("id %s: found %v", id, found)
		}
	}
}
