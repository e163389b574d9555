package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestServerThatNeverTookUp has a server send nothing but its SYN-ACK, to the end: its
// accept queue may be full, which near it is likelier than anything else, and no loss.
func TestServerThatNeverTookUp(t *testing.T) {
	const data = "+0.1 > P. 1(40) ack 1\n+0.3 > P. 1(40) ack 1\n+0.6 > P. 1(40) ack 1\n"
	const last = "+2.0 > P. 1(40) ack 1\n"
	for name, tt := range map[string]struct {
		script string
		says   string
		limits int
	}{
		"beside the client":  {"> S 0\n+0.01 < S. 0 ack 1\n+0.0001 > . 1 ack 1\n" + data + last, "its accept queue was full, a firewall dropped the data, or it, or the path to it, went down.", 1},
		"its SYN-ACK again":  {"> S 0\n+0.01 < S. 0 ack 1\n+0.01 > . 1 ack 1\n" + data + "+0.1 < S. 0 ack 1\n+0.01 > . 41 ack 1\n+1.0 > P. 1(40) ack 1\n" + last, "its accept queue was probably full, or what the client sent did not reach it.", 1},
		"beside the server":  {"> S 0\n+0.0001 < S. 0 ack 1\n+0.01 > . 1 ack 1\n" + data + last, "captured near the server, so its accept queue was probably full, or it was down.", 0},
		"it has spoken once": {"> S 0\n+0.0001 < S. 0 ack 1\n+0.01 > . 1 ack 1\n< P. 1(10) ack 1\n> . 1 ack 11\n" + strings.ReplaceAll(data+last, "ack 1", "ack 11"), "it, or the path to it, was probably down.", 1},
	} {
		s, err := conversation.Parse("untaken", strings.NewReader("title: untaken\n\n"+tt.script))
		if err != nil {
			t.Fatal(name, err)
		}
		v := &analyse(s, analyzer.Options{}).Connections[0].Verdict
		if !strings.Contains(v.Sentence, tt.says) || len(v.Limits) != tt.limits || v.Code != record.VerdictPeerVanished {
			t.Errorf("%s: %s %q, limits %v", name, v.Code, v.Sentence, v.Limits)
		}
	}
}
