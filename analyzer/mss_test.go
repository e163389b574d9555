package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestMSSWithdrawn: a SYN sent again may leave out the segment size that the first
// one named, when larger segments have come already. There is nothing to hold them
// against any more.
func TestMSSWithdrawn(t *testing.T) {
	const script = `title: the MSS withdrawn
> S  0        <mss 500>
< S. 0 ack 1  <mss 1460>
> .  1 ack 1
< P. 1(600) ack 1
< P. 601(600) ack 1
< P. 1201(600) ack 1
> S  0
> .  1 ack 1801
`
	for _, tt := range []struct {
		script string
		finds  bool
	}{{script, false}, {strings.Replace(script, "> S  0\n", "", 1), true}} {
		s, err := conversation.Parse("mss", strings.NewReader(tt.script))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, a := range analyse(s, analyzer.Options{}).Connections[0].Anomalies {
			found = found || a.Name == "mss-exceeded"
		}
		if found != tt.finds {
			t.Errorf("mss-exceeded %t, want %t, in\n%s", found, tt.finds, tt.script)
		}
	}
}
