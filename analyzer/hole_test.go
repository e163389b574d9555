package analyzer_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// beforeHole is the beginning of a connection whose server does not close.
const beforeHole = handshaken + `
+0.1 > P. 1(100) ack 1
+0.01 < P. 1(500) ack 101
+0.2 > F. 101 ack 501
+0.01 < . 501 ack 102
`

// withHole puts a second connection behind a script's, so long after it.
func withHole(t *testing.T, script string, after fsm.Time) []capture.Packet {
	t.Helper()
	var list []capture.Packet
	for i, text := range []string{script, strings.Replace(script, ":40000", ":40001", 1)} {
		s, err := conversation.Parse("test", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Packets() {
			list = append(list, capture.Packet{
				Data: p.Data, Length: p.Length, Time: int64(p.Time + fsm.Time(i)*after), LinkType: 1, Number: uint64(len(list) + 1),
			})
		}
	}
	return list
}

// analyseCopies analyses copies of packets.
func analyseCopies(list []capture.Packet, opt analyzer.Options) *record.Report {
	a := analyzer.New(opt)
	for i := range list {
		p := list[i]
		p.Data = bytes.Clone(p.Data)
		a.Packet(&p)
	}
	r, _ := a.Finish()
	return r
}

// TestHole puts a connection days behind another one: nobody watched the first meanwhile, nor
// the second, if its times are from before the first. A night's silence is no hole.
func TestHole(t *testing.T) {
	const day = 24 * 3600 * fsm.Second
	for _, test := range []struct {
		name, script string
		after        fsm.Time
		holes        uint64
		watched      string // of the earlier connection, as its verdict words it
	}{
		{"a hole", beforeHole, 2132 * day, 1, "the capture ended with frame 7"},
		{"the clock was set back", beforeHole, -2132 * day, 0, "the capture ended with frame 14"},
		{"a night", beforeHole, day / 2, 0, "for the remaining 12 h"},
		{"on the fast path", handshaken, 30 * day, 1, "ended with frame 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := withHole(t, test.script, test.after)
			for _, opt := range []analyzer.Options{{}, {Workers: 3}, {Immediate: true}, {Segments: func(uint64) bool { return true }}} {
				r := analyseCopies(list, opt)
				earlier := r.Connections[0]
				if test.after < 0 {
					earlier = r.Connections[1]
				}
				if !strings.Contains(earlier.Verdict.Sentence, test.watched) {
					t.Errorf("%+v: %s", opt, earlier.Verdict.Sentence)
				}
				if got := (caseReport{r}).has(record.CheckCloseWaitStuck); got != (test.name == "a night") {
					t.Errorf("%+v: close-wait-stuck %v", opt, got)
				}
				q := &r.Capture.Quality
				told := len(q.Faults) > 0 && strings.HasPrefix(q.Faults[0], "Nothing was captured for")
				if q.Holes != test.holes || told != (test.holes > 0) {
					t.Errorf("%+v: %d holes, %q", opt, q.Holes, q.Faults)
				}
			}
		})
	}
}

// TestQuietLive is a hole that is none: on a live capture the analysis was told meanwhile that
// time passed.
func TestQuietLive(t *testing.T) {
	const after = 30 * 24 * 3600 * fsm.Second
	list := withHole(t, beforeHole, after)
	a := analyzer.New(analyzer.Options{Immediate: true})
	for i := range list {
		if i == len(list)/2 {
			a.Advance(fsm.Time(list[i].Time) - fsm.Second)
		}
		a.Packet(&list[i])
	}
	if r, _ := a.Finish(); r.Capture.Quality.Holes != 0 || !(caseReport{r}).has(record.CheckCloseWaitStuck) {
		t.Errorf("%d holes; %s", r.Capture.Quality.Holes, r.Connections[0].Verdict.Sentence)
	}
}

// TestOpenStall is data that were sent again and never acknowledged. Their sender would go on
// sending them if it still waited; and where the other direction was not captured, nobody
// knows what it acknowledged.
func TestOpenStall(t *testing.T) {
	const data = `
+0.1 > P. 1(100) ack 1
+0.01 < . 1 ack 101
+0.01 < P. 1(35) ack 101
+0.23 < P. 1(35) ack 101
+0.44 < P. 1(35) ack 101
`
	const oneWay = `
1 > S  0        <mss 1460>
+0.03 > .  1 ack 1
+0.01 > P. 1(100) ack 1
+0.23 > P. 1(100) ack 1
`
	for _, test := range []struct {
		name, script string
		after        fsm.Time
		want         bool
	}{
		{"the capture goes on for a minute", handshaken + data, 60 * fsm.Second, true},
		{"for hours", handshaken + data, 3 * 3600 * fsm.Second, false},
		{"one direction, and it goes on", ends + oneWay + "+0.02 > . 101 ack 58", 60 * fsm.Second, false},
		{"one direction, and it stops with that", ends + oneWay, 60 * fsm.Second, false},
		{"one direction that sends again long after its first data", ends + oneWay + "+2.0 > P. 101(100) ack 1\n+0.3 > P. 101(100) ack 1", 60 * fsm.Second, false},
		{"one direction that sends again and again", ends + oneWay + "+0.5 > P. 1(100) ack 1\n+1.0 > P. 1(100) ack 1", 60 * fsm.Second, true},
	} {
		r := analyseCopies(withHole(t, test.script, test.after), analyzer.Options{})
		if got := (caseReport{r}).has(record.CheckStall); got != test.want {
			t.Errorf("%s: stall %v", test.name, got)
		}
	}
}
