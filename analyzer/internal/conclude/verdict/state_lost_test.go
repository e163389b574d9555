package verdict

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestStateLostCauses has what a RST without ACK may come of, by what came before it.
func TestStateLostCauses(t *testing.T) {
	at := func(seconds float64) fsm.Time { return fsm.Time(seconds * 1e9) }
	for _, test := range []struct {
		name string
		set  func(c *record.Connection)
		want string
	}{
		{"nothing", func(*record.Connection) {}, "it had closed or aborted it before, unseen in this capture, or restarted, or a NAT, firewall or load balancer on the way had lost the connection."},
		{"silence", func(c *record.Connection) { c.Reset.Silence = 60 }, "after 1 min of silence it had probably closed it, timed out or restarted, or a NAT or firewall on the way had forgotten it."},
		{"seconds without an answer", func(c *record.Connection) {
			c.Tail[fsm.Client].Unanswered = record.Unanswered{Time: at(8), Resent: 4}
		}, "it had probably restarted, or the path had changed"},
		{"an ICMP error", func(c *record.Connection) {
			c.ICMP = []record.ICMPError{{Frame: 6, Side: fsm.Client, Type: 3}}
		}, "it had probably restarted, or the path had changed"},
		{"an ICMP error about the other side", func(c *record.Connection) {
			c.ICMP = []record.ICMPError{{Frame: 6, Side: fsm.Server, Type: 3}}
		}, "it had closed or aborted it before"},
	} {
		c := &record.Connection{Reset: record.Reset{Frame: 9, Time: at(10), Side: fsm.Server, Prior: 8, PriorTime: at(9.99), PriorBytes: 27}}
		test.set(c)
		if v := stateLost(c); v.Code != record.VerdictResetStateLost || !strings.Contains(v.Sentence, test.want) {
			t.Errorf("%s: %s %q, want %q", test.name, v.Code, v.Sentence, test.want)
		}
	}
}

// TestIdleMiddlebox has a RST from another distance after a long silence: only what came right
// before it can be what it answers.
func TestIdleMiddlebox(t *testing.T) {
	c := &record.Connection{Reset: record.Reset{Frame: 7, Time: 400e9, Side: fsm.Server, Prior: 6, Own: 49e9, PriorTime: 50e9, Silence: 350, TTL: 255, HostTTL: 57}}
	if v := thirdParty(c); v.Code != record.VerdictResetByThirdParty || strings.Contains(v.Sentence, "answered") || !strings.Contains(v.Sentence, "After 5 min 50 s of silence") {
		t.Errorf("of itself: %s %q", v.Code, v.Sentence)
	}
	c.Reset.PriorTime = 399_900_000_000
	if v := thirdParty(c); v.Code != record.VerdictDroppedWhileIdle || !strings.Contains(v.Sentence, "frame 6 of the client was answered") {
		t.Errorf("in answer: %s %q", v.Code, v.Sentence)
	}
}
