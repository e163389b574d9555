package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestAgedTimestamps has a connection rest until a clock of milliseconds has gone half round:
// TS.Recent is not valid then (RFC 7323 §5.5), so nothing is too old. After a day it is.
func TestAgedTimestamps(t *testing.T) {
	for name, tt := range map[string]struct {
		at, tsVal string
		found     bool
	}{
		"25 days": {"2160000", "2160001000", false},
		"a day":   {"86400", "100", true},
	} {
		text := "title: aged\n\n> S 0 <ts 1000 0>\n< S. 0 ack 1 <ts 5000 1000>\n> . 1 ack 1 <ts 1020 5000>\n> P. 1(10) ack 1 <ts 2000 5000>\n< . 1 ack 11 <ts 6000 2000>\n" +
			"@" + tt.at + " > P. 11(10) ack 1 <ts " + tt.tsVal + " 6000>\n+0.02 < P. 1(10) ack 21 <ts 2160005000 " + tt.tsVal + ">\n+0.01 > . 21 ack 11 <ts 2160001030 2160005000>\n" +
			"+0.01 > P. 21(10) ack 11 <ts 2160001040 2160005000>\n"
		s, err := conversation.Parse("aged", strings.NewReader(text))
		if err != nil {
			t.Fatal(name, err)
		}
		found := false
		for _, a := range analyse(s, analyzer.Options{}).Connections[0].Anomalies {
			if a.Name == record.CheckPAWSReject || a.Name == record.CheckTSEchoInvalid {
				found = true
				if !tt.found {
					t.Errorf("%s: %s: %s", name, a.Name, a.Message)
				}
			}
		}
		if found != tt.found {
			t.Errorf("%s: found %v", name, found)
		}
	}
}
