package analyzer_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// caseReport is a report with what the cases ask of it.
type caseReport struct{ *record.Report }

// first is the first connection.
func (r caseReport) first() *record.Connection { return r.Connections[0] }

// anomaly reports whether a finding satisfies what is asked.
func (r caseReport) anomaly(is func(*record.Anomaly) bool) bool {
	for _, c := range r.Connections {
		for i := range c.Anomalies {
			if is(&c.Anomalies[i]) {
				return true
			}
		}
	}
	return false
}

// has reports whether a connection has the finding.
func (r caseReport) has(name record.CheckName) bool {
	return r.anomaly(func(a *record.Anomaly) bool { return a.Name == name })
}

// quiet reports whether there is no error and no warning.
func (r caseReport) quiet() bool {
	return !r.anomaly(func(a *record.Anomaly) bool { return a.Severity >= record.SeverityWarning })
}

// codes reports whether the connections have these verdicts, and no others.
func (r caseReport) codes(want ...record.VerdictCode) bool {
	var got []record.VerdictCode
	for _, c := range r.Connections {
		got = append(got, c.Verdict.Code)
	}
	return slices.Equal(got, want)
}

// states reports whether there is one connection, which ends in these states.
func (r caseReport) states(client, server fsm.State) bool {
	return len(r.Connections) == 1 && r.first().State[fsm.Client].State == client && r.first().State[fsm.Server].State == server
}

// legs reports whether there are two connections that are one on both sides of a box,
// of which nothing is missing.
func (r caseReport) legs() bool {
	if len(r.Connections) != 2 {
		return false
	}
	a, b := r.Connections[0], r.Connections[1]
	return len(b.Related) == 1 && b.Related[0].ID == a.ID && b.Related[0].Kind == record.RelatedLeg &&
		a.Quality.GapBytes+b.Quality.GapBytes == 0
}

// resent is how many segments all connections' endpoints sent again.
func (r caseReport) resent() (n uint64) {
	for _, c := range r.Connections {
		n += c.Traffic[fsm.Client].Retransmissions + c.Traffic[fsm.Server].Retransmissions
	}
	return n
}

// moved reports whether an endpoint came into a state, by a frame; frame 0 is any.
func (r caseReport) moved(side fsm.Side, to fsm.State, frame uint64) bool {
	for _, c := range r.Connections {
		for _, t := range c.Transitions {
			if t.Side == side && t.To == to && (frame == 0 || t.Frame.Number() == frame) {
				return true
			}
		}
	}
	return false
}

// labelled reports whether the segment in the frame has the label.
func (r caseReport) labelled(frame uint64, label record.Label) bool {
	for _, c := range r.Connections {
		for i := range c.Segments {
			if s := &c.Segments[i]; s.Frame.Number() == frame && slices.Contains(s.Labels, label) {
				return true
			}
		}
	}
	return false
}

// situation is a capture, and what must be true of what is said of it.
type situation struct {
	capture string
	holds   func(r caseReport) bool
}

// cases are captures of situations that people met (testdata/pcaps/cases), with
// what must be true of what is said of them.
var cases = []situation{
	{"snaplen-68-cuts-options", func(r caseReport) bool {
		o := r.first().Handshake.Options[fsm.Client]
		return r.quiet() && !r.has("ts-unnegotiated") && !r.has("mss-absent") && !r.has("window-slam") &&
			o.Cut.Has(fsm.OptWindowScale) && o.Timestamps && r.Capture.Quality.CutOptions > 0
	}},
	{"snaplen-54-no-options", func(r caseReport) bool {
		return r.quiet() && !r.has("mss-absent") && r.first().Handshake.Options[fsm.Client].Cut.Has(fsm.OptMSS) && r.Capture.Quality.CutOptions > 0
	}},
	{"one-arm-firewall-new-numbers", func(r caseReport) bool {
		return r.quiet() && r.codes(slices.Repeat([]record.VerdictCode{"closed-normally"}, len(r.Connections))...)
	}},
	{"synproxy-any", func(r caseReport) bool {
		return r.quiet() && r.resent() == 0 && r.codes("closed-normally", "closed-normally") && r.legs()
	}},
	{"syn-proxy-box", func(r caseReport) bool { // the proxy's wrong TSecr makes the server send its SYN-ACK again
		return r.quiet() && r.resent() == 2 && r.codes("closed-normally", "closed-normally") && r.legs()
	}},
	{"renumbering-firewall", func(r caseReport) bool { // one FIN is sent twice, and seen so on both links
		return r.quiet() && r.resent() == 2 && r.codes(slices.Repeat([]record.VerdictCode{"closed-normally"}, 6)...) && slices.Equal(r.Summary.Related, []record.Link{
			{IDs: [2]uint64{1, 2}, Kind: record.RelatedLeg}, {IDs: [2]uint64{3, 4}, Kind: record.RelatedLeg}, {IDs: [2]uint64{5, 6}, Kind: record.RelatedLeg},
		})
	}},
	{"firewall-forgot-and-resets-box", func(r caseReport) bool { // the RST is captured only where the server's packets leave
		return r.codes("reset-by-third-party") && !r.first().Verdict.Sure
	}},
	{"firewall-forgot-and-resets-router", func(r caseReport) bool { // one hop nearer than the server, seen where its packets are first
		return r.codes("reset-by-third-party") && !r.first().Verdict.Sure
	}},
	{"firewall-forgot-and-drops-box", func(r caseReport) bool { // 489 bytes over IPv6 are not too large for any path
		return r.codes("peer-vanished") && !r.has("path-mtu-black-hole")
	}},
	{"reply-not-translated-back-client", func(r caseReport) bool {
		return r.codes("unanswered", "no-connection") && slices.Equal(r.Summary.Related, []record.Link{{IDs: [2]uint64{1, 2}, Kind: record.RelatedBypasses}})
	}},
	{"path-mtu-told-box", func(r caseReport) bool { // what is left of a segment that was cut is resent for the same reason
		k := r.first().Traffic[fsm.Client].Kinds
		why := func(a *record.Anomaly) bool {
			return a.Name == record.CheckRetransmission &&
				a.Message == "The client retransmitted 15 segments in smaller segments than before, after the ICMP error in frame 26 told an MTU of 1300, first in frame 27."
		}
		return r.quiet() && k.PathMTU == 15 && r.resent() == 15 && r.anomaly(why)
	}},
	{"server-direction-stamped-1ms-late", func(r caseReport) bool {
		return r.quiet() && r.codes("closed-normally") && r.states(fsm.TimeWait, fsm.Closed) && r.resent() == 0
	}},
	{"server-direction-stamped-6ms-late", func(r caseReport) bool {
		return r.quiet() && r.codes("closed-normally") && r.states(fsm.TimeWait, fsm.Closed) && r.resent() == 0 && r.Capture.Quality.OutOfStep > 0
	}},
	{"reordered-syn-last-late-time", func(r caseReport) bool { return len(r.Connections) == 1 }},
	{"refused-and-tried-again-3", func(r caseReport) bool {
		return slices.ContainsFunc(r.Connections, func(c *record.Connection) bool { return c.Verdict.Code == "refused" })
	}},
	{"keepalive-garbage-octet", func(r caseReport) bool {
		return r.quiet() && r.resent() == 0 && r.first().Traffic[fsm.Client].Keepalive.Probes+r.first().Traffic[fsm.Server].Keepalive.Probes > 0
	}},
	{"keepalive-garbage-octet-midstream", func(r caseReport) bool { return r.quiet() && r.resent() == 0 }},
	{"span-copies-3ms-late-other-hop-ipid0", func(r caseReport) bool {
		return !r.has("network-duplicate") && r.Capture.Quality.DoubledFrames == 21 && r.resent() == 0
	}},
	{"span-copies-ipid0-0.8ms-late", func(r caseReport) bool {
		return !r.has("network-duplicate") && r.Capture.Quality.DoubledFrames == 21 && !r.has("synack-retransmit")
	}},
	{"span-copies-3ms-late", func(r caseReport) bool { return r.Capture.Quality.DoubledFrames == 21 }},
	{"vlan-differs-by-direction", func(r caseReport) bool { return len(r.Connections) == 1 }},
	{"idle-flow-forgotten-by-balancer-client", func(r caseReport) bool { return r.first().Verdict.Code == "dropped-while-idle" }},
	{"tso-ip-length-zero", func(r caseReport) bool { return r.first().Traffic[fsm.Server].Bytes == 26280 }},
	{"no-ip-id-fast-retransmit", func(r caseReport) bool {
		return r.resent() == 1 && !r.has("network-duplicate") && r.first().Traffic[fsm.Client].Kinds.Fast == 1
	}},
	{"fin-acks-fin-lost", func(r caseReport) bool {
		return r.codes("closed-normally") && !r.has("simultaneous-close") && r.first().State[fsm.Client].State == fsm.TimeWait
	}},
	{"fragmented", func(r caseReport) bool { return r.quiet() }},
	{"rst-beyond-lost-data.server", func(r caseReport) bool { return r.moved(fsm.Server, fsm.Closed, 0) }},
	{"one-octet-resent-kernel", func(r caseReport) bool {
		t := &r.first().Traffic[fsm.Client]
		return t.Retransmissions == 7 && t.Keepalive.Probes == 0 // the kernel's own counts
	}},
	{"keepalive-octet-at-fin", func(r caseReport) bool {
		return !r.has("data-after-fin") && r.labelled(8, "keepalive") && r.labelled(12, "keepalive")
	}},
	{"keepalive-dead-then-fin", func(r caseReport) bool { return r.codes("dead-by-keepalive") && r.has("keepalive-dead-peer") }},
	{"refusal-answered-by-rst", func(r caseReport) bool {
		return r.has("syn-retransmit") && !r.has("old-duplicate-syn") && r.codes("refused")
	}},
	{"bad-checksum-acked", func(r caseReport) bool {
		a := r.first().Anomalies
		return len(a) == 1 && a[0].Severity == record.SeverityCapture && r.first().Traffic[fsm.Server].GapBytes == 0
	}},
	{"fin-to-lost-state", func(r caseReport) bool {
		return r.codes("reset-state-lost") && !r.moved(fsm.Server, fsm.CloseWait, 7)
	}},
	{"user-timeout-then-fin", func(r caseReport) bool {
		return r.codes("reset-state-lost") && r.first().State[fsm.Server].State == fsm.Closed
	}},
	{"rst-outside-then-close", func(r caseReport) bool {
		return r.codes("closed-normally") && !r.has("handshake-server-abort") &&
			r.first().State[fsm.Client].State == fsm.TimeWait && r.moved(fsm.Server, fsm.Established, 3)
	}},
	{"time-wait-collision-rst-ignored", func(r caseReport) bool {
		return !r.has("time-wait-assassination") && len(r.Connections) == 2 && r.first().State[fsm.Server].State == fsm.TimeWait &&
			r.Connections[1].Handshake.SYNs == 6 && r.codes("closed-normally", "refused-by-time-wait")
	}},
	{"time-wait-collision-rst-kills", func(r caseReport) bool {
		return r.has("time-wait-assassination") && len(r.Connections) == 2 && r.Connections[1].FirstFrame.Number() == 11
	}},
	{"syn-challenged-at-half-close", func(r caseReport) bool { return r.codes("closed-normally") && r.has("challenge-ack") }},
	{"rst-beyond-lost-data.client", func(r caseReport) bool { return r.has("challenge-ack") && r.moved(fsm.Server, fsm.Closed, 11) }},
	{"tsecr-rejected.server", func(r caseReport) bool {
		return r.moved(fsm.Server, fsm.Established, 5) && !r.moved(fsm.Server, fsm.Established, 3)
	}},
	{"constant-ip-id", func(r caseReport) bool { return !r.has("network-duplicate") && r.resent() >= 3 }},
	{"tfo-ignored-resent", func(r caseReport) bool {
		k := &r.first().Traffic[fsm.Client].Kinds
		return k.FastOpenFallback == 1 && r.resent() == 1 && r.first().Handshake.Kind == "three-way"
	}},
	{"fast-open-without-cookie", func(r caseReport) bool {
		return r.quiet() && r.first().Traffic[fsm.Client].GapBytes == 0 && r.first().Traffic[fsm.Client].Bytes == 5 && r.first().Handshake.Kind == "fast-open"
	}},
	{"pool-closes-late", func(r caseReport) bool {
		return r.codes("closed-late") && r.has("close-wait-stuck") && !r.has("time-wait-missing")
	}},
	{"defer-accept-idle-client", func(r caseReport) bool {
		lost := func(a *record.Anomaly) bool { return strings.Contains(a.Message, "did not reach it") }
		return r.quiet() && r.moved(fsm.Server, fsm.Established, 5) && !r.anomaly(lost)
	}},
	{"health-check", func(r caseReport) bool {
		return r.quiet() && r.codes("health-check") && !r.first().Verdict.Sure
	}},
	{"java-close-unread", func(r caseReport) bool {
		return r.first().Verdict.Code == "reset-unread-data" && strings.Contains(r.first().Verdict.Sentence, "unread")
	}},
	{"nginx-timeout-reset", func(r caseReport) bool {
		return !r.first().Verdict.Sure && strings.Contains(r.first().Verdict.Sentence, "time limit")
	}},
	{"self-connect", func(r caseReport) bool {
		return r.quiet() && r.states(fsm.TimeWait, fsm.TimeWait) && r.codes("closed-simultaneously") && r.Capture.Quality.OneSided == 0
	}},
	{"simple-packet-blocks.pcapng", func(r caseReport) bool {
		q := r.Capture.Quality
		return q.Untimed == 8 && r.first().Handshake.ServerRTT < 0 && r.first().Quality.Untimed
	}},
}

// checkSpan holds that the lowest and the highest number are those of the connection's
// packets.
func checkSpan(t *testing.T, c *record.Connection) {
	lowest, highest := c.Segments[0].Frame, c.Segments[0].Frame
	for i := range c.Segments {
		lowest, highest = min(lowest, c.Segments[i].Frame), max(highest, c.Segments[i].Frame)
	}
	if c.Lowest != lowest || c.Highest != highest {
		t.Errorf("connection %d: frames %d to %d, want %d to %d", c.ID, c.Lowest.Number(), c.Highest.Number(), lowest.Number(), highest.Number())
	}
}

// TestCases holds the analysis of the cases against what must be true of it.
func TestCases(t *testing.T) {
	const dir = "../testdata/pcaps/cases"
	files, _ := filepath.Glob(filepath.Join(dir, "*.pcap*"))
	if len(files) != len(cases) {
		t.Errorf("%d captures and %d cases", len(files), len(cases))
	}
	for _, c := range cases {
		t.Run(c.capture, func(t *testing.T) {
			name := c.capture + ".pcap"
			if filepath.Ext(c.capture) == ".pcapng" {
				name = c.capture
			}
			source, err := capture.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{Segments: func(uint64) bool { return true }})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Connections {
				checkSpan(t, c)
			}
			if c.holds(caseReport{r}) {
				return
			}
			for _, c := range r.Connections {
				t.Errorf("connection %d: %s: %s", c.ID, c.Verdict.Code, c.Verdict.Sentence)
				for _, a := range c.Anomalies {
					t.Logf("%v %s: %s", a.Severity, a.Name, a.Message)
				}
			}
		})
	}
}
