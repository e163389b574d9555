package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestProbesBelowOutstandingData has a closed window refuse data that were under way, as the
// netstack of gVisor meets it: it then probes with the octet below SND.UNA, and sends the data
// again when the window opens. The window is what it waited for, and nothing was lost.
func TestProbesBelowOutstandingData(t *testing.T) {
	const text = "title: probes\n\n> S 0 <mss 1460, sackok>\n+0.02 < S. 0 ack 1 <mss 1460, sackok>\n+0.0001 > . 1 ack 1\n" +
		"@1 > . 1(1000) ack 1\n@1.0001 > . 1001(1000) ack 1\n@1.02 < . 1 ack 1001 win 0\n" +
		"@1.4 > . 1000(1) ack 1\n@1.42 < . 1 ack 1001 win 0 <sack 1000-1001>\n@2.2 > . 1000(1) ack 1\n@2.22 < . 1 ack 1001 win 0 <sack 1000-1001>\n" +
		"@4.0 > . 1000(1) ack 1\n@4.02 < . 1 ack 1001 win 0 <sack 1000-1001>\n@5.0 < . 1 ack 1001\n@5.02 > P. 1001(1000) ack 1\n@5.04 < . 1 ack 2001\n"
	s, err := conversation.Parse("probes", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := analyse(s, analyzer.Options{}).Connections[0]
	if n := c.Traffic[0].WindowProbes; n != 3 {
		t.Errorf("%d window probes", n)
	}
	if c.Spent.Loss[0] > 0.1 || c.Traffic[0].Kinds.Timeout != 0 || c.Tail[0].TimeoutWait != 0 {
		t.Errorf("time spent %+v, %+v, timeout wait %v", c.Spent, c.Traffic[0].Kinds, c.Tail[0].TimeoutWait)
	}
	for i := range c.Anomalies {
		switch a := &c.Anomalies[i]; a.Name {
		case record.CheckStall, record.CheckRTORetransmit, record.CheckDSACKProvedSpurious, record.CheckSpuriousRetransmission:
			t.Errorf("%s: %s", a.Name, a.Message)
		}
	}
}
