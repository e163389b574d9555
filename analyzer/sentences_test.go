package analyzer_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

const opened = `title: sentences
> S  0        <mss 1460>
< S. 0 ack 1  <mss 1460>
> .  1 ack 1
`

// TestSentences holds sentences that once named another frame than the one they
// spoke of, or said what the capture itself contradicts.
func TestSentences(t *testing.T) {
	for _, x := range []struct {
		name, script string
		verdict      record.VerdictCode
		says         []string // the verdict, or a finding behind its name
		not          []string
	}{
		{
			// The server sent two segments; what it repeats is the first of them, which the
			// client's last segment does not acknowledge.
			name: "the segment that is retransmitted",
			script: opened + `> P. 1(100) ack 1
< .  1 ack 101
< P. 1(1000) ack 101
> P. 101(50) ack 1
< P. 1001(200) ack 151
+0.3 < P. 1(1000) ack 151
+0.6 < P. 1(1000) ack 151
+1.2 < P. 1(1000) ack 151
`,
			verdict: record.VerdictPeerVanished,
			says:    []string{"data-unacknowledged: The client vanished: the server retransmitted data, the latest time that of frame 6, 3 times", "retransmitted unacknowledged data 3 times", "1.2 kB outstanding"},
			not:     []string{"that of frame 8"},
		},
		{
			// The first RST ended nothing, as the server goes on; data went before the second.
			name: "a second RST after data",
			script: opened + `< R. 1 ack 1
+0.05 > P. 1(100) ack 1
< P. 1(200) ack 101
> .  101 ack 201
+0.2 < R. 201 ack 101
`,
			not: []string{"before any data", "reset-after-connect"},
		},
		{
			// The RST's acknowledgment is the number of the FIN: that was on its way.
			name: "an abort that the peer's FIN crosses",
			script: opened + `> P. 1(100) ack 1
< P. 1(200) ack 101
> P. 101(7) ack 201
> R. 108 ack 201
< F. 201 ack 108
`,
			says: []string{"The client ended the connection with the RST in frame 7", "The server's FIN in frame 8 crossed it."},
			not:  []string{"followed", "CLOSE-WAIT"},
		},
		{
			name: "an abort behind a FIN that the peer's FIN crosses",
			script: opened + `> F. 1 ack 1
< F. 1 ack 2
> R. 2 ack 1
> R  2
`,
			verdict: record.VerdictResetAfterFIN,
			says:    []string{"reset the connection in frame 6 without waiting for the server's FIN, which crossed it in frame 5"},
			not:     []string{"time-wait-missing", "TIME-WAIT"},
		},
		{
			// The server answers both SYNs; its second SYN-ACK meets the ACK of the first.
			name: "a SYN-ACK that crosses its ACK",
			script: `title: sentences
> S  0        <mss 1460>
+1.0  > S  0        <mss 1460>
+0.1  < S. 0 ack 1  <mss 1460>
      > .  1 ack 1
      > P. 1(100) ack 1
+0.05 < S. 0 ack 1  <mss 1460>
      > .  101 ack 1
+0.05 < .  1 ack 101
`,
			says: []string{"synack-retransmit: The server retransmitted its SYN-ACK once: the ACK in frame 4 was on its way"},
			not:  []string{"lost", "handshake-bad-final-ack", "challenge-ack"},
		},
		{
			name: "an upload cut off is no request",
			script: opened + "> .  1(1460) ack 1\n" + upload(60) + `< .  1 ack 87601
< R. 1 ack 87601
`,
			verdict: record.VerdictResetMidTransfer,
			not:     []string{"response", "rejected"},
		},
		{
			name: "earlier requests were answered",
			script: opened + `> P. 1(100) ack 1
< P. 1(200) ack 101
> P. 101(100) ack 201
< P. 201(200) ack 201
> P. 201(100) ack 401
< R. 401 ack 301
`,
			verdict: record.VerdictResetAfterRequest,
			says:    []string{"without a response (2 requests answered before)"},
		},
		{
			// The first SYN-ACK is good and the second is not.
			name: "the SYN-ACK whose number is wrong",
			script: `title: sentences
> S  0        <mss 1460>
< S. 0 ack 1  <mss 1460> lost
+1.01 > S 0      <mss 1460>
< S. 0 ack 77 <mss 1460>
> R 77
`,
			says: []string{"frame 4 has ack 1077"},
			not:  []string{"frame 2 has ack"},
		},
		{
			name: "after five minutes no probe",
			script: strings.ReplaceAll(opened, "mss 1460", "mss 1460, sackok") + `> P. 1(100) ack 1
< .  1 ack 101
> P. 101(100) ack 1
+300.5 > P. 101(100) ack 1
< .  1 ack 201
`,
			not: []string{"tlp-probe"},
		},
	} {
		s, err := conversation.Parse(x.name, strings.NewReader(x.script))
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		c := analyse(s, analyzer.Options{}).Connections[0]
		all := string(c.Verdict.Code) + ": " + c.Verdict.Sentence + "\n"
		for _, l := range c.Verdict.Limits {
			all += string(l.Code) + ": " + l.Sentence + "\n"
		}
		for _, a := range c.Anomalies {
			all += string(a.Name) + ": " + a.Message + "\n"
		}
		if x.verdict != "" && c.Verdict.Code != x.verdict {
			t.Errorf("%s: verdict %s, want %s:\n%s", x.name, c.Verdict.Code, x.verdict, all)
		}
		for _, w := range x.says {
			if !strings.Contains(all, w) {
				t.Errorf("%s: %q is missing:\n%s", x.name, w, all)
			}
		}
		for _, w := range x.not {
			if strings.Contains(all, w) {
				t.Errorf("%s: %q is said:\n%s", x.name, w, all)
			}
		}
	}
}

// upload writes segments of a client that sends so many in a row, each acknowledged.
func upload(n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		seq := 1 + 1460*i
		b.WriteString("+0.0001 > . " + strconv.Itoa(seq) + "(1460) ack 1\n")
		if i%2 == 1 && i < n-1 {
			b.WriteString("+0.0001 < . 1 ack " + strconv.Itoa(seq+1460) + "\n")
		}
	}
	return b.String()
}
