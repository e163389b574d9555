package explain_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

const conversations = "../../testdata/pcaps/conversations"

func analyse(t *testing.T, name string) *record.Report {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(conversations, name+"*.txt"))
	if len(files) != 1 {
		t.Fatalf("%s: %d scripts", name, len(files))
	}
	s, err := conversation.Load(files[0])
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer.New(analyzer.Options{Segments: func(uint64) bool { return true }, Judge: func(fsm.Frame) bool { return true }})
	for i, p := range s.Packets() {
		a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: int64(p.Time), LinkType: 1, Number: uint64(i + 1)})
	}
	r, _ := a.Finish()
	return r
}

// Each line: what one test must say of one frame. The numbers follow from the
// script by hand.
func TestFrame(t *testing.T) {
	for _, x := range []struct {
		script string
		frame  uint64
		test   string
		result fsm.Result
		text   string // a part of it
	}{
		{"01-", 1, "receiver without a connection", fsm.Noted, "answers with SYN and ACK 1"},
		{"01-", 2, "ACK in SYN-SENT", fsm.Failed, "ISS 0 < SEG.ACK 2 ≤ SND.NXT 1 does not hold"},
		{"02-", 3, "ACK", fsm.Failed, "it does not acknowledge the SYN (ISS 0)"},
		{"34-", 2, "ACK in SYN-SENT", fsm.Passed, "ISS 0 < SEG.ACK 1 ≤ SND.NXT 1"},
		{"34-", 3, "ACK", fsm.Passed, "the server is ESTABLISHED when it arrives"},
		{"34-", 4, "sequence number", fsm.Passed, "SEG.SEQ 1, SEG.LEN 54, RCV.NXT 1, RCV.WND 64240; length and window above 0"},
		{"34-", 5, "sequence number", fsm.Passed, "length 0, window above 0: RCV.NXT ≤ SEG.SEQ < "},
		{"34-", 5, "ACK", fsm.Passed, "SND.UNA 1, SEG.ACK 55, SND.NXT 55: SND.UNA < SEG.ACK ≤ SND.NXT, 54 B newly acknowledged"},
		{"34-", 9, "ACK", fsm.Passed, "the FIN included"},
		{"08-", 6, "RST", fsm.Failed, "outside the window"},
		{"09-", 7, "RST", fsm.Failed, "SEG.SEQ 1101 lies in the window but is not RCV.NXT 101"},
		{"47-", 6, "RST", fsm.Passed, "SEG.SEQ 1 = RCV.NXT"},
		{"10-", 7, "SYN", fsm.Failed, "A SYN with another number (700000) in ESTABLISHED"},
		{"28-", 2, "sent before?", fsm.Noted, "in frame 1; a SYN is sent again by its own timer"},
		{"29-", 2, "RST in SYN-SENT", fsm.Passed, "it refuses the connection"},
		{"04-", 2, "SYN in SYN-SENT", fsm.Passed, "simultaneous open"},
		{"33-", 6, "sent before?", fsm.Noted, "a window probe, not a keepalive"},
		{"37-", 7, "sent before?", fsm.Noted, "SEG.SEQ 100 is one below SND.NXT 101"},
		{"18-", 2, "copy of an earlier frame", fsm.Noted, "counted once"},
		{"05-", 1, "control bits", fsm.Failed, "SYN opens and FIN closes"},
		{"24-", 1, "options", fsm.Failed, "A window scale of 15, above 14"},
		{"23-", 4, "window used", fsm.Failed, "It ends 500 beyond the right edge 501"},
		{"52-", 4, "RST", fsm.Passed, "SEG.SEQ −909 = RCV.NXT"},
		{"21-", 5, "ACK", fsm.Noted, "it acknowledges what was never captured"},
	} {
		r := analyse(t, x.script)
		found := false
		for _, c := range r.Connections {
			j := explain.Frame(c, fsm.NewFrame(0, x.frame))
			if j == nil {
				continue
			}
			for _, test := range j.Tests {
				if test.Name == x.test {
					found = true
					if test.Result != x.result || !strings.Contains(test.Text, x.text) {
						t.Errorf("%s frame %d, %s: %s: %s\nwant %s: %s", x.script, x.frame, x.test, test.Result, test.Text, x.result, x.text)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s frame %d: no test %q", x.script, x.frame, x.test)
		}
	}
}

// The story of every conversation tells each segment once and in order, each
// finding that names a frame once, and each change of state; nothing without words.
func TestStoryIsComplete(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(conversations, "*.txt"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, c := range analyse(t, name).Connections {
			for _, full := range []bool{false, true} {
				checkStory(t, name, c, explain.Story(c, full), full)
			}
			for i := range c.Segments {
				if j := explain.Frame(c, c.Segments[i].Frame); j == nil || len(j.Tests) < 2 && !slices.Contains(c.Segments[i].Labels, record.LabelDuplicateFrame) {
					t.Errorf("%s: frame %d is not judged", name, c.Segments[i].Frame)
				}
			}
		}
	}
}

func checkStory(t *testing.T, name string, c *record.Connection, steps []explain.Step, full bool) {
	t.Helper()
	next, transitions, findings := 0, 0, map[*record.Anomaly]int{}
	for i := range steps {
		s := &steps[i]
		if s.Text == "" || !strings.HasSuffix(s.Text, ".") || strings.Contains(s.Text, "  ") {
			t.Errorf("%s: step %d (frame %d): %q", name, i, s.First, s.Text)
		}
		transitions += len(s.Transitions)
		for _, a := range s.Findings {
			findings[a]++
		}
		if s.First == 0 {
			continue
		}
		if full && s.First != s.Last {
			t.Errorf("%s: frames %d to %d folded although all was asked for", name, s.First, s.Last)
		}
		if next >= len(c.Segments) || c.Segments[next].Frame != s.First {
			t.Fatalf("%s: step %d begins with frame %d", name, i, s.First)
		}
		for c.Segments[next].Frame != s.Last {
			next++
		}
		next++
	}
	if next != len(c.Segments) {
		t.Errorf("%s: %d of %d segments told", name, next, len(c.Segments))
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		inHere := slices.ContainsFunc(c.Segments, func(s record.Segment) bool { return slices.Contains(a.Frames, s.Frame) })
		if want := map[bool]int{true: 1}[inHere]; findings[a] != want {
			t.Errorf("%s: %s told %d times", name, a.Name, findings[a])
		}
	}
	framed := 0
	for i := range c.Transitions {
		tr := &c.Transitions[i]
		if tr.Cause == fsm.Timer || slices.ContainsFunc(c.Segments, func(s record.Segment) bool { return s.Frame == tr.Frame }) {
			framed++
		}
	}
	if transitions != framed {
		t.Errorf("%s: %d changes of state told, want %d", name, transitions, framed)
	}
}

// Without kept segments the changes of state are told all the same.
func TestStoryWithoutSegments(t *testing.T) {
	c := analyse(t, "34-").Connections[0]
	c.Segments = nil
	steps := explain.Story(c, false)
	transitions := 0
	for i := range steps {
		transitions += len(steps[i].Transitions)
	}
	if transitions != len(c.Transitions) {
		t.Errorf("%d transitions, want %d", transitions, len(c.Transitions))
	}
}

// The mapping to Wireshark's fields names only labels that segments can have.
func TestWiresharkMapping(t *testing.T) {
	for _, x := range []struct {
		script string
		frame  uint64
		want   string
	}{
		{"34-", 1, "tcp.connection.syn"}, {"34-", 2, "tcp.connection.synack"}, {"34-", 8, "tcp.connection.fin"}, {"47-", 6, "tcp.connection.rst"},
		{"28-", 2, "tcp.analysis.retransmission"}, {"37-", 7, "tcp.analysis.keep_alive"}, {"37-", 8, "tcp.analysis.keep_alive_ack"},
		{"33-", 5, "tcp.analysis.zero_window"}, {"33-", 12, "tcp.analysis.window_update"}, {"09-", 8, "tcp.analysis.duplicate_ack"},
		{"11-", 10, "tcp.analysis.reused_ports"}, {"40-", 6, "tcp.analysis.out_of_order"},
	} {
		var got []string
		for _, c := range analyse(t, x.script).Connections {
			if j := explain.Frame(c, fsm.NewFrame(0, x.frame)); j != nil {
				got = j.Wireshark
			}
		}
		if !slices.ContainsFunc(got, func(s string) bool { f, _, _ := strings.Cut(s, " "); return f == x.want }) {
			t.Errorf("%s frame %d: %q, want %s", x.script, x.frame, got, x.want)
		}
	}
}
