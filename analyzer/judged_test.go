package analyzer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// judged is a conversation with what is to be said of it, and what not.
type judged struct {
	name, script string
	code         record.VerdictCode
	states       string // of the client and the server; empty where they do not matter
	sentence     string // part of the verdict's
	has, hasNot  []record.CheckName
	limits       []record.VerdictCode // where it has sentences on these
}

// ends are the addresses of conversations whose handshake is their own.
const ends = `title: judged
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
`

var judgements = []judged{
	{
		name: "the ACKs of a server of which alone packets were captured",
		script: ends + `
1 < S.  0 ack 1      <mss 1460>
2 < .   1 ack 101
3 < P.  1(300) ack 101
4 < F.  301 ack 101`,
		code: record.VerdictOneDirectionOnly, hasNot: []record.CheckName{record.CheckHandshakeACKWrongDirection},
	},
	{
		name: "the ACK that a SYN asks for which comes again in a simultaneous open",
		script: ends + `
1 > S   0           <mss 1460>
+0.001 < S   0           <mss 1460>
+0.001 > S.  0 ack 1     <mss 1460>
+1.0 < S   0           <mss 1460>
+0.001 > .   1 ack 1`,
		code: record.VerdictCaptureCut, hasNot: []record.CheckName{record.CheckHandshakeACKWrongDirection},
	},
	{
		name: "a server that closes before the last ACK of Fast Open's handshake",
		script: ends + `
1 > S   0(65)       <mss 1460, tfo 0102030405060708>
2 < S.  0 ack 66    <mss 1460>
3 < P.  1(309) ack 66
4 < F.  310 ack 66
+0.001 > .   66 ack 1
+0.001 > .   66 ack 310
+0.001 > R.  66 ack 311`,
		code: record.VerdictResetInPlaceOfClose, sentence: "The server closed in frame 4 and the client followed with the RST",
	},
	{
		name: "a FIN on the ACK of the peer's, as BSD sends it in CLOSING",
		script: handshaken + `
+0.001 > P. 1(100) ack 1
+0.001 < F. 1 ack 101
+0.00001 > F. 101 ack 1
+0.0001 > . 102 ack 2
+0.0017 < F. 1 ack 102`,
		code: record.VerdictClosedSimultaneously, states: "TIME-WAIT TIME-WAIT",
		has: []record.CheckName{record.CheckSimultaneousClose}, hasNot: []record.CheckName{record.CheckFINRetransmit, record.CheckSpuriousRetransmission},
	},
	{
		name: "a FIN again after a timeout, although it acknowledges the peer's",
		script: handshaken + `
+0.001 > P. 1(100) ack 1
+0.001 < F. 1 ack 101
+0.00001 > F. 101 ack 1
+0.0001 > . 102 ack 2
+0.3 < F. 1 ack 102`,
		code: record.VerdictCloseUnacknowledged, states: "TIME-WAIT CLOSING", has: []record.CheckName{record.CheckFINRetransmit},
	},
	{
		name: "a RST from another distance for the FIN says nothing of the server's TIME-WAIT",
		script: handshaken + `
+0.01 < P. 1(100) ack 1 ttl 53
+0.01 > . 1 ack 101
+0.01 < F. 101 ack 1 ttl 53
+0.01 > . 1 ack 102
+0.01 > F. 1 ack 102
+0.01 < R 102 ttl 255`,
		code: record.VerdictResetByThirdParty, hasNot: []record.CheckName{record.CheckTimeWaitMissing},
	},
	{
		name: "a RST from the server's distance for the FIN",
		script: handshaken + `
+0.01 < P. 1(100) ack 1 ttl 53
+0.01 > . 1 ack 101
+0.01 < F. 101 ack 1 ttl 53
+0.01 > . 1 ack 102
+0.01 > F. 1 ack 102
+0.01 < R 102 ttl 53`,
		code: record.VerdictClosedWithReset, has: []record.CheckName{record.CheckTimeWaitMissing},
	},
	{
		name: "RSTs begin with 64 hops to go where data begin with 128: the distance is the same",
		script: handshaken + `
+0.01 > P. 1(100) ack 1
+0.01 < . 1 ack 101 ttl 123
+0.01 < R. 1 ack 101 ttl 59`,
		code: record.VerdictResetAfterRequest, hasNot: []record.CheckName{record.CheckRSTInjectionSuspected},
	},
	{
		name:   "a null scan from a port that servers use is not its own answer",
		script: ends + "1 < none 0",
		code:   record.VerdictScanProbe, sentence: "and no segment came back",
	},
	{
		name: "a peer that vanishes behind a full window: the waits are for its ACK, not for room",
		script: handshaken + `
+0.02 > P. 1(100) ack 1 win 3000
+0.02 < . 1(1000) ack 101
< . 1001(1000) ack 101
< . 2001(1000) ack 101
+0.02 > . 101 ack 3001 win 3000
+0.02 < . 3001(1000) ack 101
< . 4001(1000) ack 101
< . 5001(1000) ack 101
+0.3 < . 3001(1000) ack 101
+0.6 < . 3001(1000) ack 101
+1.2 < . 3001(1000) ack 101
+0.00001 < . 4001(1000) ack 101
+2.4 < . 3001(1000) ack 101
+0.00001 < . 4001(1000) ack 101
+4.8 < R. 6001 ack 101`,
		code: record.VerdictPeerVanished, sentence: "300 ms apart at first and 2.4 s at last", limits: []record.VerdictCode{record.VerdictLimitedByLoss},
	},
	{
		name: "a client that resets right behind the alert that ends its session",
		script: handshaken + `
+0.02 > P. 1(200) ack 1
+0.02 < P. 1(500) ack 201
+0.02 > P. 201(hex 150303001a0000000000000000000000000000000000000000000000000000) ack 501
+0.00003 > R. 232 ack 501`,
		code: record.VerdictResetInPlaceOfClose, sentence: "after what looks like its close_notify of TLS in frame 6",
	},
	{
		name: "one that resets behind data of the same size",
		script: handshaken + `
+0.02 > P. 1(200) ack 1
+0.02 < P. 1(500) ack 201
+0.02 > P. 201(31) ack 501
+0.00003 > R. 232 ack 501`,
		code: record.VerdictResetMidTransfer,
	},
	{
		name: "an answer that is injected before the server's own",
		script: ends + `
1 > S  0        <mss 1460>
2 < S. 0 ack 1  <mss 1460> ttl 54
3 > .  1 ack 1
+0.02 > P. 1(150) ack 1
+0.01 < P. 1("HTTP/1.1 302 Found") ack 1 ttl 56
+0.01 > F. 151 ack 19
+0.01 < P. 1("HTTP/1.1 200 OK and more") ack 151 ttl 54
+0.01 > R 151`,
		code: record.VerdictResetDataAfterClose, sentence: "Frame 5 was probably injected in the name of the server",
		has: []record.CheckName{record.CheckDataInjectionSuspected},
	},
	{
		name: "an answer that is changed when it is sent again, by the same host",
		script: ends + `
1 > S  0        <mss 1460>
2 < S. 0 ack 1  <mss 1460> ttl 54
3 > .  1 ack 1
+0.02 > P. 1(150) ack 1
+0.01 < P. 1("HTTP/1.1 302 Found") ack 1 ttl 54
+0.01 > F. 151 ack 19
+0.01 < P. 1("HTTP/1.1 200 OK and more") ack 151 ttl 54
+0.01 > R 151`,
		code: record.VerdictResetDataAfterClose, sentence: "The client had closed in frame 6", hasNot: []record.CheckName{record.CheckDataInjectionSuspected},
	},
	{
		name: "a RST right behind the FIN that was missing answers nothing of TIME-WAIT",
		script: handshaken + `
+0.02 > P. 1(150) ack 1
+0.02 < P. 1(500) ack 151
+0.01 < F. 501 ack 151
+0.01 > . 151 ack 502
+40.0 > F. 151 ack 502
+0.00008 > R. 152 ack 502`,
		code: record.VerdictClosedWithReset, hasNot: []record.CheckName{record.CheckTimeWaitAssassination},
	},
	{
		name: "nor does one that answers a FIN which nobody sends there",
		script: handshaken + `
+0.02 > P. 1(150) ack 1
+0.02 < P. 1(500) ack 151
+0.01 < F. 501 ack 151
+0.01 > . 151 ack 502
+0.05 > F. 151 ack 502
+0.01 < . 502 ack 152
+0.0003 < F. 502 ack 152
+0.0003 > R 152`,
		code: record.VerdictClosedWithReset, hasNot: []record.CheckName{record.CheckTimeWaitAssassination},
	},
	{
		name: "one IP identification on all packets: what comes again was sent again",
		script: ends + `
1 > S  0        <mss 1460> id 1
2 < S. 0 ack 1  <mss 1460> id 1
3 > .  1 ack 1 id 1
+0.001 > P. 1(16) ack 1 id 1
+0.0014 > P. 1(16) ack 1 id 1
+0.0014 > P. 17(16) ack 1 id 1
+0.0014 < . 1 ack 33 id 1`,
		code: record.VerdictStillOpen, hasNot: []record.CheckName{record.CheckNetworkDuplicate},
	},
}

// TestJudged holds what is said of short conversations, each the core of one that was judged
// wrongly.
func TestJudged(t *testing.T) {
	for _, test := range judgements {
		t.Run(test.name, func(t *testing.T) {
			s, err := conversation.Parse("test", strings.NewReader(test.script))
			if err != nil {
				t.Fatal(err)
			}
			r := caseReport{analyse(s, analyzer.Options{})}
			c := r.first()
			if c.Verdict.Code != test.code || !strings.Contains(c.Verdict.Sentence, test.sentence) {
				t.Errorf("%s: %s", c.Verdict.Code, c.Verdict.Sentence)
			}
			if got := c.State[0].State.String() + " " + c.State[1].State.String(); test.states != "" && got != test.states {
				t.Errorf("states %s, want %s", got, test.states)
			}
			var limits []record.VerdictCode
			for i := range c.Verdict.Limits {
				limits = append(limits, c.Verdict.Limits[i].Code)
			}
			if test.limits != nil && !slices.Equal(limits, test.limits) {
				t.Errorf("limits %q", limits)
			}
			for _, name := range test.has {
				if !r.has(name) {
					t.Errorf("no %s", name)
				}
			}
			for _, name := range test.hasNot {
				if r.has(name) {
					t.Errorf("%s", name)
				}
			}
		})
	}
}
