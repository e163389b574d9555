package analyzer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestProbesThatStayedAtHome has probes go unanswered that come every half a second. Linux
// 6.18 did so when the link's queue was full for some seconds, without counting the
// probes and with the peer alive: nothing about the peer is sure then.
func TestProbesThatStayedAtHome(t *testing.T) {
	for _, tt := range []struct {
		apart  float64
		sure   bool
		expect record.Severity
	}{{0.51, false, record.SeverityWarning}, {1, true, record.SeverityError}, {75, true, record.SeverityError}} {
		text := "title: probes\n\n1 > S 0\n2 < S. 0 ack 1\n3 > . 1 ack 1\n4 > P. 1(40) ack 1\n5 < P. 1(80) ack 41\n6 > . 41 ack 81\n7 +15 < . 80 ack 41\n"
		for i := range 11 {
			text += fmt.Sprintf("%d +%v < . 80 ack 41\n", 8+i, tt.apart)
		}
		s, err := conversation.Parse("probes", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := analyse(s, analyzer.Options{}).Connections[0]
		if c.Verdict.Code != record.VerdictDeadByKeepalive || c.Verdict.Sure != tt.sure {
			t.Errorf("%v s apart: verdict %s, sure %v", tt.apart, c.Verdict.Code, c.Verdict.Sure)
		}
		for i := range c.Anomalies {
			if a := &c.Anomalies[i]; a.Name == record.CheckKeepaliveDeadPeer && a.Severity != tt.expect {
				t.Errorf("%v s apart: %s is %s", tt.apart, a.Name, a.Severity)
			}
		}
		if len(c.Anomalies) == 0 {
			t.Errorf("%v s apart: nothing found", tt.apart)
		}
	}
}

// TestGaveUpByLaterRST has a RST come long before the probes, in the name of the side that
// later gives up with its own: the finding names that one.
func TestGaveUpByLaterRST(t *testing.T) {
	text := "title: probes\n\n1 > S 0\n2 < S. 0 ack 1\n3 > . 1 ack 1\n4 > P. 1(40) ack 1\n5 < R. 500000 ack 41 ttl 33\n6 < P. 1(80) ack 41\n7 > . 41 ack 81\n" +
		"8 +15.0 < . 80 ack 41\n9 +1.0 < . 80 ack 41\n10 +1.0 < . 80 ack 41\n11 +1.0 < R. 81 ack 41\n" +
		"12 +1.0 > F. 41 ack 81\n13 < R 81\n" // what is answered by a RST afterwards does not count
	s, err := conversation.Parse("later RST", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range analyse(s, analyzer.Options{}).Connections[0].Anomalies {
		if a.Name != record.CheckKeepaliveDeadPeer {
			continue
		}
		if f := a.Frames[len(a.Frames)-1].Number(); f != 11 || !strings.HasSuffix(a.Message, "in frame 11.") {
			t.Errorf("frames %v: %s", a.Frames, a.Message)
		}
		return
	}
	t.Error("not found")
}
