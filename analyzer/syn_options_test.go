package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestAnsweredSYN has a client leave options out of a later SYN, as macOS and Linux do: which
// of the SYNs was answered the SYN-ACK's options tell.
func TestAnsweredSYN(t *testing.T) {
	const full, bare = "<mss 1460, ws 6, ts 1 0>", "<mss 1460>"
	for name, tt := range map[string]struct {
		script string
		scale  int
		found  bool
	}{
		"the first, late":          {"> S 0 " + full + "\n+1.0 > S 0 " + bare + "\n< S. 0 ack 1 <mss 1460, ws 7, ts 9 1>\n> . 1 ack 1 <ts 2 9>\n", 6, false},
		"the first, SYN-ACK again": {"> S 0 " + full + "\n< S. 0 ack 1 <mss 1460, ws 7, ts 9 1>\n+1.0 > S 0 " + bare + "\n< S. 0 ack 1 <mss 1460, ws 7, ts 10 1>\n> . 1 ack 1 <ts 2 9>\n", 6, false},
		"the latest":               {"> S 0 " + full + "\n+1.0 > S 0 " + bare + "\n< S. 0 ack 1 <mss 1460>\n> . 1 ack 1\n", -1, false},
		"none that offered it":     {"> S 0 " + bare + "\n+1.0 > S 0 " + bare + "\n< S. 0 ack 1 <mss 1460, ws 7>\n> . 1 ack 1\n", -1, true},
	} {
		s, err := conversation.Parse("SYNs", strings.NewReader("title: SYNs\n\n"+tt.script))
		if err != nil {
			t.Fatal(name, err)
		}
		c := analyse(s, analyzer.Options{}).Connections[0]
		found := false
		for i := range c.Anomalies {
			switch a := &c.Anomalies[i]; a.Name {
			case record.CheckOptionOnlyInSYNACK:
				found = true
			case record.CheckTSUnnegotiated:
				t.Errorf("%s: %s", name, a.Message)
			}
		}
		if o := &c.Handshake.Options[0]; found != tt.found || o.WindowScale != tt.scale {
			t.Errorf("%s: found %v, %+v", name, found, o)
		}
	}
}
