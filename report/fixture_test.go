package report

import (
	"net/netip"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// start is when the fixture's capture begins.
var start = fsm.Time(time.Date(2026, 3, 29, 12, 59, 58, 250_000_000, time.UTC).UnixNano())

const (
	ms  = fsm.Time(time.Millisecond)
	sec = fsm.Second
)

// hostile is what nothing may let through: terminal controls, a bidi override,
// octets that are no UTF-8, quotes, and a line break.
const hostile = "e\x1b[31mvil\x07\u202egnp.\"\\\n\xff\u2028\u009b1m"

// talk writes down a conversation, a line a segment.
type talk struct {
	c    *record.Connection
	file int
	isn  [2]uint32
	now  [2]record.EndState
}

func newTalk(id uint64, client, server, service string) *talk {
	t := &talk{isn: [2]uint32{305419896, 2596069104}}
	t.c = &record.Connection{
		ID: id, Incarnation: 1, Client: hostPort(client), Server: hostPort(server), Service: service,
		Orientation: record.Orientation{Basis: "syn", Certain: true},
	}
	h := &t.c.Handshake
	h.ServerRTT, h.ClientRTT = -1, -1
	h.Options[0].WindowScale, h.Options[1].WindowScale = -1, -1
	t.c.Close.Duration = -1
	t.now = pair("CLOSED/LISTEN")
	return t
}

func hostPort(s string) record.Addr {
	a := netip.MustParseAddrPort(s)
	return record.Addr{IP: a.Addr(), Port: a.Port()}
}

// pair reads two states such as "SYN-SENT/SYN-RECEIVED?".
func pair(s string) (p [2]record.EndState) {
	for i, name := range strings.Split(s, "/") {
		st, ok := fsm.ParseState(strings.TrimSuffix(name, "?"))
		if !ok {
			panic("no state " + name)
		}
		p[i] = record.EndState{State: st, Proved: !strings.HasSuffix(name, "?")}
	}
	return p
}

// seg adds a segment: frame, time since the capture's start, sender, flags,
// numbers relative to the initial ones, data, and the states after it ("" for
// unchanged).
func (t *talk) seg(frame uint64, at fsm.Time, from fsm.Side, flags fsm.Flags, seq, ack uint64, length uint32, after string, labels ...record.Label) *record.Segment {
	s := record.Segment{
		Frame: fsm.NewFrame(t.file, frame), Time: start + at, From: from, Rel: true, RelSeq: seq, RelAck: ack,
		Window: 64240, Before: t.now, Labels: labels,
		Seg: fsm.Segment{Seq: fsm.Seq(t.isn[from] + uint32(seq)), Len: length, Flags: flags, Window: 502},
	}
	if flags.Has(fsm.ACK) {
		s.Seg.Ack = fsm.Seq(t.isn[from.Peer()] + uint32(ack))
	}
	if after != "" {
		t.now = pair(after)
	}
	s.After = t.now
	if len(t.c.Segments) == 0 {
		t.c.FirstFrame, t.c.First, t.c.Lowest = s.Frame, s.Time, s.Frame
	}
	t.c.LastFrame, t.c.Last, t.c.Highest = s.Frame, s.Time, s.Frame
	t.c.State = t.now
	t.c.Traffic[from].Packets++
	t.c.Traffic[from].Bytes += uint64(length)
	t.c.Traffic[from].UniqueBytes += uint64(length)
	t.c.Segments = append(t.c.Segments, s)
	return &t.c.Segments[len(t.c.Segments)-1]
}

// step adds a transition.
func (t *talk) step(side fsm.Side, from, to fsm.State, ev fsm.Event, cause fsm.Cause, frame, proof uint64, at fsm.Time) {
	tr := fsm.Transition{Time: start + at, Side: side, From: from, To: to, Event: ev, Cause: cause, Nth: uint32(len(t.c.Segments))}
	if frame > 0 {
		tr.Frame = fsm.NewFrame(t.file, frame)
	}
	if cause == fsm.Sent {
		tr.Proof = tr.Frame
	}
	if proof > 0 {
		tr.Proof = fsm.NewFrame(t.file, proof)
	}
	t.c.Transitions = append(t.c.Transitions, tr)
}

func synOptions(s *record.Segment) {
	s.Seg.Window = 64240
	s.Seg.Opts = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps
	s.Seg.MSS, s.Seg.WindowScale = 1460, 7
	s.Seg.TSVal = 1000
}

var usualOptions = record.Options{Seen: true, MSS: 1460, WindowScale: 7, SACKPermitted: true, Timestamps: true}

const (
	client = fsm.Client
	server = fsm.Server
)

// download is a clean request and a long answer, closed by the client first.
func download() *record.Connection {
	t := newTalk(1, "192.168.178.20:51044", "93.184.216.34:80", "http")
	f := fsm.NewFrame
	synOptions(t.seg(1, 0, client, fsm.SYN, 0, 0, 0, "SYN-SENT/SYN-RECEIVED"))
	synOptions(t.seg(2, 18*ms+412_000, server, fsm.SYN|fsm.ACK, 0, 1, 0, "ESTABLISHED/SYN-RECEIVED"))
	t.seg(3, 18*ms+490_000, client, fsm.ACK, 1, 1, 0, "ESTABLISHED/ESTABLISHED")
	t.seg(4, 19*ms, client, fsm.PSH|fsm.ACK, 1, 1, 77, "")
	t.seg(5, 37*ms+800_000, server, fsm.ACK, 1, 78, 0, "")
	n, at := uint64(6), 40*ms
	seq := uint64(1)
	for range 200 {
		t.seg(n, at, server, fsm.ACK, seq, 78, 1448, "")
		seq += 1448
		t.seg(n+1, at+50_000, client, fsm.ACK, 78, seq, 0, "")
		n, at = n+2, at+112_000_000
	}
	t.seg(n, at, client, fsm.FIN|fsm.ACK, 78, seq, 0, "FIN-WAIT-1/CLOSE-WAIT")
	t.seg(n+1, at+18*ms, server, fsm.ACK, seq, 79, 0, "FIN-WAIT-2/CLOSE-WAIT")
	t.seg(n+2, at+19*ms, server, fsm.FIN|fsm.ACK, seq, 79, 0, "TIME-WAIT/LAST-ACK")
	t.seg(n+3, at+19*ms+60_000, client, fsm.ACK, 79, seq+1, 0, "TIME-WAIT/CLOSED?")
	t.step(client, fsm.Closed, fsm.SynSent, fsm.SendSYN, fsm.Sent, 1, 0, 0)
	t.step(server, fsm.Closed, fsm.Listen, fsm.PassiveOpen, fsm.Assumed, 1, 0, 0)
	t.step(server, fsm.Listen, fsm.SynReceived, fsm.RecvSYN, fsm.Received, 1, 2, 0)
	t.step(client, fsm.SynSent, fsm.Established, fsm.RecvSYNACK, fsm.Received, 2, 3, 18*ms+412_000)
	t.step(server, fsm.SynReceived, fsm.Established, fsm.AckOfSYN, fsm.Received, 3, 5, 18*ms+490_000)
	t.step(client, fsm.Established, fsm.FinWait1, fsm.SendFIN, fsm.Sent, n, 0, at)
	t.step(server, fsm.Established, fsm.CloseWait, fsm.RecvFIN, fsm.Received, n, n+1, at)
	t.step(client, fsm.FinWait1, fsm.FinWait2, fsm.AckOfFIN, fsm.Received, n+1, n+3, at+18*ms)
	t.step(server, fsm.CloseWait, fsm.LastAck, fsm.SendFIN, fsm.Sent, n+2, 0, at+19*ms)
	t.step(client, fsm.FinWait2, fsm.TimeWait, fsm.RecvFIN, fsm.Received, n+2, n+3, at+19*ms)
	t.step(server, fsm.LastAck, fsm.Closed, fsm.AckOfFIN, fsm.Received, n+3, 0, at+19*ms+60_000)
	c := t.c
	c.Handshake = record.Handshake{
		Kind: "three-way", Complete: true, SYN: f(0, 1), SYNACK: f(0, 2), ACK: f(0, 3), SYNs: 1, SYNACKs: 1,
		SYNACKValid: record.Valid, ACKValid: record.Valid, ISN: [2]fsm.Seq{305419896, 2596069104}, HasISN: [2]bool{true, true},
		ServerRTT: 0.018412, ClientRTT: 0.000078, Vantage: "near-client", Options: [2]record.Options{usualOptions, usualOptions},
	}
	c.Close = record.Close{
		FirstCloser: "client", Kind: "normal", FIN: [2]fsm.Frame{f(0, n), f(0, n+2)}, FINAcked: [2]fsm.Frame{f(0, n+1), f(0, n+3)},
		Duration: 0.01906,
		TimeWait: []record.TimeWaitHold{{Side: client, Since: c.Last, Until: c.Last + 120*sec, Watched: 37.55, Ended: "expected"}},
	}
	c.Lifetime = record.Lifetime{Kind: "short-lived", Exchanges: 1}
	c.Spent = record.Spent{Handshake: 0.01849, Network: 0.4, App: [2]float64{0.00051, 22.0}, Close: 0.02, Longest: []record.LongestSpan{
		{Cause: record.SpentApp, Side: "server", Span: record.Span{Seconds: 21.5, From: f(0, 150), To: f(0, 151)}},
		{Cause: record.SpentNetwork, Span: record.Span{Seconds: 0.1, From: f(0, 7), To: f(0, 140)}},
	}}
	x := &c.Exchanges
	x.Answer.Add(21_000_000)
	x.LastByte.Add(22_400_000_000)
	x.RequestSize.Add(77)
	x.AnswerSize.Add(200 * 1448)
	x.Slowest = record.Span{Seconds: 0.021, From: f(0, 4), To: f(0, 6)}
	c.Verdict = record.Verdict{Code: record.VerdictClosedNormally, Sure: true, Frames: []fsm.Frame{f(0, n), f(0, n+2)},
		Sentence: "The client closed first (FIN in frame " + number(n) + "), then the server (frame " + number(n+2) + "); the close took 19.1 ms."}
	c.InState = [2][]record.StateTime{
		{{State: fsm.SynSent, Seconds: 0.018412}, {State: fsm.Established, Seconds: 22.421588}, {State: fsm.FinWait1, Seconds: 0.018}, {State: fsm.FinWait2, Seconds: 0.001}, {State: fsm.TimeWait, Seconds: 37.55}},
		{{State: fsm.SynReceived, Seconds: 0.01849}, {State: fsm.Established, Seconds: 22.42151}, {State: fsm.CloseWait, Seconds: 0.019}, {State: fsm.LastAck, Seconds: 0.00006}},
	}
	c.Traffic[client].MinWindow, c.Traffic[client].MaxWindow = 64240, 131072
	c.Traffic[server].MinWindow, c.Traffic[server].MaxWindow = 64240, 64240
	return c
}

// wrongAck is a SYN-ACK that acknowledges what was never sent.
func wrongAck() *record.Connection {
	t := newTalk(2, "10.0.0.1:40000", "10.0.0.2:8080", "")
	t.now = pair("CLOSED/CLOSED")
	synOptions(t.seg(410, 30*sec, client, fsm.SYN, 0, 0, 0, "SYN-SENT/SYN-RECEIVED"))
	synOptions(t.seg(411, 30*sec+200_000, server, fsm.SYN|fsm.ACK, 0, 2, 0, ""))
	t.seg(412, 30*sec+291_000, client, fsm.RST, 2, 0, 0, "SYN-SENT/LISTEN?")
	synOptions(t.seg(413, 31*sec+20*ms, client, fsm.SYN, 0, 0, 0, "", "retransmission"))
	t.step(client, fsm.Closed, fsm.SynSent, fsm.SendSYN, fsm.Sent, 410, 0, 30*sec)
	t.step(server, fsm.Listen, fsm.SynReceived, fsm.RecvSYN, fsm.Received, 410, 411, 30*sec)
	t.step(server, fsm.SynReceived, fsm.Closed, fsm.RecvRST, fsm.Received, 412, 0, 30*sec+291_000)
	c := t.c
	f := fsm.NewFrame
	c.Handshake = record.Handshake{Kind: "incomplete", SYN: f(0, 410), SYNACK: f(0, 411), SYNs: 2, SYNACKs: 1, SYNACKValid: record.Invalid,
		ISN: [2]fsm.Seq{305419896, 2596069104}, HasISN: [2]bool{true, true}, ServerRTT: 0.0002, ClientRTT: -1,
		Options: [2]record.Options{usualOptions, usualOptions}}
	c.Close = record.Close{Kind: "aborted-handshake", FirstCloser: "client", RST: f(0, 412), ResetBy: "client", Duration: 0}
	c.Lifetime.Kind = "short-lived"
	c.Verdict = record.Verdict{Code: record.VerdictHandshakeBadNumber, Sure: true, Frames: []fsm.Frame{f(0, 410), f(0, 411), f(0, 412)},
		Sentence: "The handshake broke on a wrong number: the SYN-ACK in frame 411 has ack 2 where ack 1 was due, and the client reset it in frame 412."}
	c.Anomalies = []record.Anomaly{
		{Name: "syn-retransmission", Severity: record.SeverityNote, Side: "client", Frames: []fsm.Frame{f(0, 413)}, Count: 1,
			Rule: "RFC 9293 §3.8.1", Message: "The client sent its SYN again 1.02 s after the first.", Benign: []string{"loss on the path", "a server that drops what it cannot take"}},
		{Name: "synack-bad-ack", Severity: record.SeverityError, Side: "server", Frames: []fsm.Frame{f(0, 411), f(0, 412)}, Count: 1,
			Seen: "ack 305419898 (relative 2)", Expected: "ack 305419897 (relative 1), the SYN's number + 1", Rule: "RFC 9293 §3.10.7.3",
			Message: "The SYN-ACK acknowledges a number that the client never sent; the client answered with a RST.",
			Benign:  []string{"a SYN-ACK of an earlier connection that arrived late", "a middlebox that rewrites sequence numbers on one side only"}},
	}
	return c
}

// deadPeer is an idle connection whose server went away without a word.
func deadPeer() *record.Connection {
	t := newTalk(3, "[2001:db8:85a3::8a2e:370:7334]:55012", "[2001:db8::1:443]:22", "ssh")
	t.file = 1
	f := fsm.NewFrame
	t.now = pair("ESTABLISHED/ESTABLISHED")
	t.seg(1, 60*sec, client, fsm.PSH|fsm.ACK, 1, 1, 52, "")
	t.seg(2, 60*sec+31*ms, server, fsm.PSH|fsm.ACK, 1, 53, 84, "")
	t.seg(3, 60*sec+32*ms, client, fsm.ACK, 53, 85, 0, "")
	at := 7260 * sec
	c := t.c
	var probes []fsm.Frame
	for i := range uint64(9) {
		t.seg(4+i, at, client, fsm.ACK, 52, 85, 0, "", "keepalive")
		probes = append(probes, f(1, 4+i))
		at += 75 * sec
	}
	t.seg(13, at, client, fsm.RST|fsm.ACK, 53, 85, 0, "CLOSED/CLOSED?")
	t.step(client, fsm.Closed, fsm.Established, fsm.JoinedMidway, fsm.Assumed, 1, 0, 60*sec)
	t.step(server, fsm.Closed, fsm.Established, fsm.JoinedMidway, fsm.Assumed, 1, 0, 60*sec)
	t.step(client, fsm.Established, fsm.Closed, fsm.SendRST, fsm.Sent, 13, 0, at)
	t.step(server, fsm.Established, fsm.Closed, fsm.RecvRST, fsm.Received, 13, 0, at)
	c.Encapsulation = "vlan 12"
	c.Orientation = record.Orientation{Basis: "port", Certain: false}
	c.Handshake.Kind = "not-captured"
	c.Close = record.Close{Kind: "reset", FirstCloser: "client", RST: f(1, 13), ResetBy: "client", Duration: 0}
	c.Quality.Midstream = true
	c.Lifetime = record.Lifetime{Kind: "long-lived", Exchanges: 1, IdleSpans: 1, LongestIdle: 7199.968}
	c.Verdict = record.Verdict{Code: record.VerdictDeadByKeepalive, Frames: []fsm.Frame{f(1, 2), f(1, 13)},
		Sentence: "The server was last heard in frame 2 and did not answer the last 9 keepalive probes of the client, 1 min 15 s apart; the client gave the connection up with the RST in frame 13."}
	c.Traffic[client].Keepalive = record.Keepalive{Probes: 9, LongestUnanswered: 9, Idle: 7199.968, MinInterval: 75, MaxInterval: 75}
	c.InState = [2][]record.StateTime{{{State: fsm.Established, Seconds: 7875}}, {{State: fsm.Established, Seconds: 7875}}}
	c.Anomalies = []record.Anomaly{
		{Name: record.CheckKeepaliveDeadPeer, Severity: record.SeverityError, Side: "server", Frames: probes, Count: 1,
			Seen: "9 probes unanswered in a row over 10 min 0 s", Expected: "an ACK of any one of them", Rule: "RFC 9293 §3.8.4",
			Message: "The server stopped answering keepalives and the client gave the connection up with a RST.",
			Benign:  []string{"answers that the capture lost", "a firewall between the two that forgot the connection"}},
		{Name: "midstream", Severity: record.SeverityCapture, Frames: []fsm.Frame{f(1, 1)}, Count: 1, Rule: "observer: no SYN was captured",
			Message: "The capture begins after the connection was opened; which side is the client is a guess from the ports."},
	}
	return c
}

// lossy loses data, closes its window, half-closes; captured twice in part.
func lossy() *record.Connection {
	t := newTalk(4, "10.0.0.1:40001", "10.0.0.2:443", "https")
	f := fsm.NewFrame
	synOptions(t.seg(500, 40*sec, client, fsm.SYN, 0, 0, 0, "SYN-SENT/SYN-RECEIVED"))
	synOptions(t.seg(501, 40*sec+10*ms, server, fsm.SYN|fsm.ACK, 0, 1, 0, "ESTABLISHED/SYN-RECEIVED"))
	t.seg(502, 40*sec+20*ms, client, fsm.ACK, 1, 1, 0, "ESTABLISHED/ESTABLISHED")
	t.seg(503, 40*sec+21*ms, client, fsm.PSH|fsm.ACK, 1, 1, 517, "")
	t.seg(504, 40*sec+31*ms, server, fsm.PSH|fsm.ACK, 1, 518, 1448, "")
	t.seg(505, 40*sec+31*ms+20_000, server, fsm.PSH|fsm.ACK, 2897, 518, 1448, "", "previous-segment-missing")
	sack := t.seg(506, 40*sec+32*ms, client, fsm.ACK, 518, 1449, 0, "", "duplicate-ack")
	sack.Seg.Opts, sack.Seg.NumSACK = fsm.OptSACK|fsm.OptTimestamps, 1
	sack.Seg.SACK[0] = fsm.SACKBlock{From: fsm.Seq(t.isn[server] + 2897), To: fsm.Seq(t.isn[server] + 4345)}
	t.seg(507, 40*sec+245*ms, server, fsm.PSH|fsm.ACK, 1449, 518, 1448, "", "retransmission")
	t.seg(508, 40*sec+246*ms, client, fsm.ACK, 518, 4345, 0, "").Seg.Window = 0
	for i := range uint64(3) {
		t.seg(509+2*i, 40*sec+446*ms+fsm.Time(200*i*(i+1))*ms, server, fsm.ACK, 4344, 518, 0, "", "zero-window-probe")
		t.seg(510+2*i, 40*sec+447*ms+fsm.Time(200*i*(i+1))*ms, client, fsm.ACK, 518, 4345, 0, "").Seg.Window = 0
	}
	t.seg(515, 42*sec+100*ms, client, fsm.ACK, 518, 4345, 0, "", "window-update")
	t.seg(516, 43*sec, server, fsm.FIN|fsm.PSH|fsm.ACK, 4345, 518, 100, "CLOSE-WAIT/FIN-WAIT-1")
	t.seg(517, 43*sec+10*ms, client, fsm.ACK, 518, 4446, 0, "CLOSE-WAIT/FIN-WAIT-2")
	t.step(client, fsm.Closed, fsm.SynSent, fsm.SendSYN, fsm.Sent, 500, 0, 40*sec)
	t.step(server, fsm.Listen, fsm.SynReceived, fsm.RecvSYN, fsm.Received, 500, 501, 40*sec)
	c := t.c
	c.Incarnation = 2
	c.Handshake = record.Handshake{Kind: "three-way", Complete: true, SYN: f(0, 500), SYNACK: f(0, 501), ACK: f(0, 502), SYNs: 1, SYNACKs: 1,
		SYNACKValid: record.Valid, ACKValid: record.Valid, ISN: [2]fsm.Seq{305419896, 2596069104}, HasISN: [2]bool{true, true},
		ServerRTT: 0.01, ClientRTT: 0.01, Vantage: "between", Options: [2]record.Options{usualOptions, usualOptions}}
	c.Close = record.Close{FirstCloser: "server", Kind: "half-closed", FIN: [2]fsm.Frame{0, f(0, 516)}, FINAcked: [2]fsm.Frame{0, f(0, 517)}, Duration: 0.01}
	c.Lifetime = record.Lifetime{Kind: "short-lived", Exchanges: 1}
	c.Verdict = record.Verdict{Code: record.VerdictHalfClosed, Sure: true, Frames: []fsm.Frame{f(0, 516), f(0, 517)},
		Sentence: "The server closed its half in frame 516, and the capture ended with frame 517 while the client's half was still open.",
		Limits: []record.Limit{
			{Code: record.VerdictLimitedByReceiver, Side: "client", Share: 0.61, Sentence: "The server waited 1.85 s for room in the client's receive window, 61 % of the time in which its data flowed; the window was closed once, for 1.85 s."},
			{Code: record.VerdictLimitedByLoss, Side: "server", Share: 0.32, Frames: []fsm.Frame{f(0, 505), f(0, 507)}, Sentence: "The server sent 1 segment again (32 % of its octets)."},
		}}
	s := &c.Traffic[server]
	s.Retransmissions, s.ResentBytes, s.Doubled, s.WindowProbes, s.GapBytes = 1, 1448, 2, 3, 0
	c.Traffic[client].DuplicateACKs = 1
	c.Handshake.ECNMode = record.ECNAccurate
	s.CEPackets, s.CEReported = 3, 2
	s.ECN = record.ECNBytes{Seen: record.ECNCount{ECT0: 1000, ECT1: 2, CE: 300}, Reported: record.ECNCount{ECT0: 1000, CE: 200}, Frame: f(0, 508)}
	c.Related = []record.Related{{ID: 1, Kind: record.RelatedTranslated, Frames: []fsm.Frame{f(0, 1), f(0, 500)}}}
	c.MPTCP = &record.MPTCP{
		Role: record.MPTCPSubflow, State: record.MPTCPFellBack, Keys: [2]record.MPTCPKey{{Frame: f(0, 500), Token: 7}},
		Join:     record.MPTCPJoin{Frame: f(0, 500), Token: 4_000_000_000, AddressID: 3, Backup: true},
		Fallback: record.MPTCPFallback{Reason: record.MPTCPNoDSS, Frame: f(0, 503), Side: server},
		DataFIN:  [2]record.MPTCPDataFIN{{Frame: f(0, 510), DSN: 9}}, Acked: [2]record.MPTCPDataAck{1: {Frame: f(0, 511), DSN: 10}},
		Close: record.MPTCPEvent{Frame: f(0, 512)}, Reset: record.MPTCPReset{MPTCPEvent: record.MPTCPEvent{Frame: f(0, 513)}, Reason: 3, Transient: true},
		Signals: []record.MPTCPSignal{
			{Frame: f(0, 504), Kind: record.MPTCPAddAddr, AddressID: 2, Address: netip.MustParseAddr("10.0.0.9"), Port: 80},
			{Frame: f(0, 505), Side: server, Kind: record.MPTCPRemoveAddr, Removed: []uint8{2, 3}},
			{Frame: f(0, 506), Kind: record.MPTCPPriority, Backup: true},
		},
	}
	c.ICMP = []record.ICMPError{
		{Frame: f(0, 518), Time: start + 43*sec + 500*ms, From: netip.MustParseAddr("10.0.0.254"), Side: server, Type: 3, Code: 4, MTU: 1400, Quoted: f(0, 507)},
		{Frame: f(0, 519), Time: start + 44*sec, From: netip.MustParseAddr("2001:db8::1"), Side: client, Type: 1, Code: 3, V6: true},
	}
	c.Owners = []record.Owner{
		{Frame: f(0, 500), HasSide: true, Side: client, Process: &record.Process{
			PID: 241879, Name: "wget", Path: "/usr/bin/wget", Command: "wget -T 10 10.0.0.2", Parent: 1, UID: 1000, HasUID: true, User: "alice", Started: int64(start - 5*sec),
			Container: process.Container{ID: "78f1713c7d0f329f35b4c1ab5ef189d47a1c16e40fdff3317943b4fb3b0f2890", Name: "web", Image: "alpine:3.18"},
			Pod:       process.Pod{Name: "web-1", Namespace: "shop"},
		}},
		{HasSide: true, Side: server, Source: record.OwnerFoundLate, Process: &record.Process{PID: 80, Name: "nginx", HasUID: true, User: "root"}},
		{Frame: f(0, 501), Process: &record.Process{Name: "mDNSResponder", For: &record.Process{PID: 7, Name: "Safari"}}},
	}
	c.Traffic[client].ZeroWindows, c.Traffic[client].ZeroWindowTime = 1, 1.854
	c.Quality.Doubled = 2
	c.Anomalies = []record.Anomaly{
		{Name: record.CheckCloseWaitStuck, Severity: record.SeverityWarning, Side: "client", Frames: []fsm.Frame{f(0, 516), f(0, 517)}, Count: 1,
			Seen: "CLOSE-WAIT for 17 s", Expected: "a FIN of its own once the application is done", Rule: "RFC 9293 §3.6",
			Message: "The client acknowledged the server's FIN and never closed its own half.",
			Benign:  []string{"the capture ends before the close", "a half-close that the application wants"}},
		{Name: record.CheckZeroWindow, Severity: record.SeverityWarning, Side: "client", Frames: []fsm.Frame{f(0, 508)}, Count: 1,
			Seen: "window 0 for 1.854 s", Rule: "RFC 9293 §3.8.6", Message: "The client's receive buffer was full: its application did not read."},
	}
	return c
}

// evil has hostile text wherever a record has text.
func evil() *record.Connection {
	t := newTalk(5, "10.0.0.66:1", "10.0.0.2:65535", hostile)
	t.seg(600, 45*sec, client, fsm.SYN|fsm.FIN, 0, 0, 0, "SYN-SENT/SYN-RECEIVED?", hostile).Seg.Opts = fsm.OptFastOpen | fsm.OptMalformed
	c := t.c
	c.Encapsulation = hostile
	c.Owners = []record.Owner{{HasSide: true, Process: &record.Process{
		PID: 1, Name: hostile, Path: hostile, Command: hostile, User: hostile, For: &record.Process{Name: hostile},
		Container: process.Container{ID: hostile, Name: hostile, Image: hostile}, Pod: process.Pod{Name: hostile, Namespace: hostile},
	}}}
	c.MoreOwners = true
	c.Evicted = true
	c.Orientation = record.Orientation{Basis: hostile}
	c.Handshake.Kind, c.Handshake.Vantage = hostile, hostile
	c.Close.Kind = hostile
	c.Lifetime.Kind = hostile
	c.SegmentsCut = 12345
	c.Verdict = record.Verdict{Code: hostile, Sentence: hostile, Frames: []fsm.Frame{fsm.NewFrame(0, 600)}, Limits: []record.Limit{{Code: record.VerdictLimitedByApplication, Side: "server", Sentence: hostile}}}
	c.Anomalies = []record.Anomaly{
		{Name: "x" + hostile, Severity: record.SeverityWarning, Side: "client", Frames: []fsm.Frame{fsm.NewFrame(0, 600)}, Count: 3,
			Seen: hostile, Expected: hostile, Rule: hostile, Message: strings.Repeat("日本語のとても長い文章", 12) + hostile, Benign: []string{hostile, hostile}},
		{Name: "no-frames", Severity: record.SeverityNote, Rule: "observer: nothing to show"},
	}
	return c
}

// simultaneous closes from both ends at once: two TIME-WAITs, a timer at the end,
// and no kept segments.
func simultaneous() *record.Connection {
	t := newTalk(6, "10.0.0.1:40002", "10.0.0.2:179", "bgp")
	f := fsm.NewFrame
	t.now = pair("ESTABLISHED/ESTABLISHED")
	t.seg(700, 46*sec, client, fsm.FIN|fsm.ACK, 1, 1, 0, "")
	t.seg(703, 46*sec+30*ms, server, fsm.ACK, 2, 2, 0, "TIME-WAIT/TIME-WAIT")
	c := t.c
	t.step(client, fsm.Closed, fsm.Established, fsm.JoinedMidway, fsm.Assumed, 700, 0, 46*sec)
	t.step(server, fsm.Closed, fsm.Established, fsm.JoinedMidway, fsm.Assumed, 700, 0, 46*sec)
	t.step(client, fsm.Established, fsm.FinWait1, fsm.SendFIN, fsm.Sent, 700, 0, 46*sec)
	t.step(server, fsm.Established, fsm.FinWait1, fsm.SendFIN, fsm.Sent, 701, 0, 46*sec+ms)
	t.step(server, fsm.FinWait1, fsm.Closing, fsm.RecvFIN, fsm.Received, 700, 702, 46*sec+2*ms)
	t.step(client, fsm.FinWait1, fsm.Closing, fsm.RecvFIN, fsm.Received, 701, 703, 46*sec+10*ms)
	t.step(client, fsm.Closing, fsm.TimeWait, fsm.AckOfFIN, fsm.Received, 702, 0, 46*sec+20*ms)
	t.step(server, fsm.Closing, fsm.TimeWait, fsm.AckOfFIN, fsm.Received, 703, 0, 46*sec+30*ms)
	t.step(client, fsm.TimeWait, fsm.Closed, fsm.Timeout2MSL, fsm.Timer, 0, 0, 166*sec+20*ms)
	c.Segments = nil
	c.State = pair("CLOSED/TIME-WAIT?")
	c.Handshake.Kind = "not-captured"
	c.Quality = record.ConnectionQuality{Midstream: true, OneSided: true, GapBytes: 2896}
	c.Close = record.Close{FirstCloser: "client", Kind: "simultaneous", FIN: [2]fsm.Frame{f(0, 700), f(0, 701)}, FINAcked: [2]fsm.Frame{f(0, 702), f(0, 703)}, Duration: 0.03,
		TimeWait: []record.TimeWaitHold{
			{Side: client, Since: start + 46*sec + 20*ms, Until: start + 166*sec + 20*ms, Watched: 120, Ended: "elapsed"},
			{Side: server, Since: start + 46*sec + 30*ms, Until: start + 166*sec + 30*ms, Watched: 120, Ended: "reused"},
		}}
	c.Lifetime.Kind = "short-lived"
	return c
}

// fixture is a report of two files with a bit of everything.
func fixture() *record.Report {
	conns := []*record.Connection{download(), wrongAck(), deadPeer(), lossy(), evil(), simultaneous()}
	r := &record.Report{Connections: conns, Ignored: []record.CheckName{record.CheckZeroWindow, record.CheckTLPProbe}, Thresholds: []record.Threshold{{Check: record.CheckCloseWaitStuck, Name: "after", Default: int64(60 * sec), Value: int64(30 * sec), Meaning: "a side stays there"}}}
	r.Capture = record.Capture{
		Sources: []record.Source{
			{Name: "captures/gateway.pcap", Vantage: "client", Format: "pcap", LinkTypes: []string{"Ethernet"}, Packets: 1203,
				Cut: "cut inside packet 1204 at octet 1048576: 54 of 1514 octets are there"},
			{Name: "captures/" + hostile + ".pcapng.gz", Format: "pcapng+gzip", LinkTypes: []string{"Linux cooked v2", "raw IP"}, Packets: 13,
				Comments: []string{"taken on the firewall\n" + hostile}, Interfaces: []string{"eth0", hostile}, Received: 15, Dropped: 2,
				Outages: []record.Outage{{Interface: hostile, From: start + sec, To: start + 3*sec}, {Interface: "eth0", From: start + 9*sec, Gone: true}}},
		},
		Taps: &record.Taps{Both: 2, Only: [2]uint64{3, 1},
			Clock: record.Clock{Known: true, Consistent: true, Low: -0.0031, High: 0.0048, Estimate: 0.00085, Rate: 80e-6, RateLow: 75e-6, RateHigh: 84.5e-6}},
		Packets: 1216, Segments: 1187,
		Skipped: []record.Count{{Name: "not TCP", N: 24}, {Name: "fragment", N: 4}, {Name: "TCP header cut", N: 1}},
		First:   start, Last: start + 7935*sec,
		Anomalies: []record.Anomaly{{Name: record.CheckServerRefusesMany, Severity: record.SeverityWarning, Count: 12, Seen: "12 of 14 refused", Expected: "answers",
			Rule: "observer: " + hostile, Message: "203.0.113.7 refused 12 connections " + hostile + ".", Connections: []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Benign: []string{"a service that is off"}}},
		Quality: record.Quality{DoubledFrames: 2, GapBytes: 2896, OneSided: 1, Midstream: 2, Dropped: 2, OffloadChecksum: 310,
			Faults: []string{"Packets of captures/gateway.pcap are missing after frame 1203: states at its end may lag behind."}},
	}
	conns[0].Between = &record.Between{ClientTap: 1, Basis: "ttl", Translated: true, Ends: [2]record.Addr{hostPort("192.0.2.9:61000"), conns[0].Server}, Dir: [2]record.Crossing{
		{Sent: 14, Arrived: 8, Lost: 2, Unseen: 1, Unjudged: 2, Partly: 1, Resized: 1, Altered: 2, LostBytes: 3000, Hops: 3,
			LostFrames: []fsm.Frame{fsm.NewFrame(0, 3), fsm.NewFrame(0, 9)}, AlteredFrames: []fsm.Frame{fsm.NewFrame(0, 1)},
			Changes: []record.Count{{Name: "window", N: 2}, {Name: "mss", N: 1}}, Timed: 7, Least: -0.0001, Median: 0.0123, Most: 0.25},
		{Sent: 2, Arrived: 2, Extra: 1, Outside: 1, Doubled: 1, ExtraFrames: []fsm.Frame{fsm.NewFrame(0, 7)}, Hops: -1},
	}}
	conns[1].Between = &record.Between{}
	s := &r.Summary
	s.Related = []record.Link{{IDs: [2]uint64{1, 2}, Kind: record.RelatedLeg}}
	s.MPTCP = &record.MPTCPSummary{
		Connections: 1, Subflows: 2, Joined: 1, Unjoined: 3, Untold: 4, Refused: 5, Unanswered: 6, Forgotten: 7,
		Verdicts: []record.MPTCPCount{{Code: record.MPTCPHalfClosed, N: 1}},
		List: []record.MPTCPGroup{{IDs: []uint64{1, 2}, Subflows: 2, Verdict: record.MPTCPHalfClosed, Frames: []fsm.Frame{fsm.NewFrame(0, 510)},
			Sentence: "The client ended its data (DATA_FIN in frame 510), the server did not: half-closed, with 2 subflows open, when the capture ended."}},
	}
	s.Connections = uint64(len(conns))
	s.Closes = []record.Count{{Name: "reset", N: 1}, {Name: "aborted-handshake", N: 1}, {Name: "normal", N: 1}, {Name: "simultaneous", N: 1}, {Name: "half-closed", N: 1}, {Name: hostile, N: 1}}
	s.Verdicts = []record.VerdictCount{{Code: record.VerdictDeadByKeepalive, Concern: record.ConcernFailure, N: 1}, {Code: record.VerdictHandshakeBadNumber, Concern: record.ConcernFailure, N: 1},
		{Code: record.VerdictClosedNormally, N: 1}, {Code: record.VerdictHalfClosed, N: 1}, {Code: hostile, N: 1}}
	s.Client = []record.Count{{Name: "CLOSED", N: 2}, {Name: "SYN-SENT", N: 2}, {Name: "CLOSE-WAIT", N: 1}, {Name: "TIME-WAIT", N: 1}}
	s.Server = []record.Count{{Name: "CLOSED", N: 2}, {Name: "LISTEN", N: 1}, {Name: "SYN-RECEIVED", N: 1}, {Name: "FIN-WAIT-2", N: 1}, {Name: "TIME-WAIT", N: 1}}
	s.Severities = []record.Count{{Name: "error", N: 2}, {Name: "warning", N: 3}, {Name: "note", N: 2}, {Name: "capture", N: 1}}
	s.Anomalies = []record.AnomalyCount{
		{Name: "synack-bad-ack", Severity: record.SeverityError, Title: "SYN-ACK with a wrong acknowledgement number", Count: 1, Connections: 1},
		{Name: record.CheckKeepaliveDeadPeer, Severity: record.SeverityError, Title: "Keepalives unanswered until the connection was given up", Count: 1, Connections: 1},
		{Name: record.CheckCloseWaitStuck, Severity: record.SeverityWarning, Title: "Peer closed, application never did", Count: 1, Connections: 1},
		{Name: record.CheckZeroWindow, Severity: record.SeverityWarning, Title: "Receive window closed", Count: 1, Connections: 1},
		{Name: "x" + hostile, Severity: record.SeverityWarning, Title: hostile, Count: 3, Connections: 1},
		{Name: "syn-retransmission", Severity: record.SeverityNote, Title: "SYN sent again", Count: 1, Connections: 1},
		{Name: "no-frames", Severity: record.SeverityNote, Title: "Without frames", Count: 0, Connections: 1},
		{Name: "midstream", Severity: record.SeverityCapture, Title: "Connection joined midway", Count: 1, Connections: 1},
	}
	for _, c := range conns {
		s.Bytes += c.Traffic[client].Bytes + c.Traffic[server].Bytes
	}
	overviewOf(s, conns)
	return r
}

// overviewOf adds problems and services to a summary.
func overviewOf(s *record.Summary, conns []*record.Connection) {
	a, b := conns[0], conns[1]
	s.Problems = []record.Problem{
		{Verdict: record.VerdictDeadByKeepalive, Concern: record.ConcernFailure, Server: a.Server, Services: 1, Connections: 1, Cost: 75,
			Worst: a.ID, WorstClient: a.Client, WorstServer: a.Server, WorstCost: 75, Frames: []fsm.Frame{fsm.NewFrame(0, 3), fsm.NewFrame(1, 9)},
			Message: "The server was last heard in frame 3.", IDs: []uint64{a.ID}},
		{Check: "x" + hostile, Concern: record.ConcernTrouble, Server: record.Addr{IP: b.Server.IP}, Services: 312, Connections: 21_030,
			Worst: b.ID, WorstClient: b.Client, WorstServer: b.Server, Message: hostile, IDs: []uint64{1, 2}},
		{Check: record.CheckZeroWindow, Concern: record.ConcernTrouble, Services: 25, Connections: 40, Cost: 61.5,
			Worst: b.ID, WorstClient: b.Client, WorstServer: b.Server, WorstCost: 7.02, Frames: []fsm.Frame{fsm.NewFrame(0, 8)},
			Message: "The server advertised a zero window in frame 8 for 7.02 s.", IDs: []uint64{2}},
	}
	sums := func(n uint64) record.Sums {
		x := record.Sums{
			Connections: n, Failed: 3, Refused: 1, Unanswered: 1, Reset: 2, Trouble: 4, Packets: [2]uint64{2000, 3000}, Retransmissions: [2]uint64{1, 30},
			Bytes: [2]uint64{40_000, 4_100_000}, UniqueBytes: [2]uint64{39_000, 4_000_000}, DataTime: 2 * fsm.Second,
		}
		for i := range n {
			x.Handshake.Add(10_000_000 + i*1000)
			x.Answer.Add(1_200_000 * (i + 1))
		}
		return x
	}
	s.Services = []record.Service{
		{Server: a.Server, Name: hostile, Sums: sums(100)},
		{Server: b.Server, Sums: record.Sums{Connections: 1}},
	}
	s.Open = record.Concurrency{From: a.First, Step: fsm.Second / 1000 * 64, Mean: []float64{1, 2.5}, Most: 2.5, MostAt: a.First + fsm.Second/1000*64}
	s.LeftOut = 3
	s.Others = record.OtherServices{Services: 7, More: true, Connections: 900, Failed: 12, Bytes: 1234}
}

// fixtureDefaults are settings of a file with a name that nobody should trust.
var fixtureDefaults = struct {
	File     string
	Settings []string
}{File: "/home/" + hostile, Settings: []string{"msl=30s", "where=service != \"" + hostile + "\""}}
