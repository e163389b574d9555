package analyzer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// play is a connection into which somebody else puts a segment.
type play struct {
	name  string
	lines []string
	base  *record.Connection // of the connection alone
}

var plays = []play{
	{name: "request and answer", lines: []string{
		"> S 0 <mss 1460, ws 7, sackok>",
		"< S. 0 ack 1 <mss 1460, ws 7, sackok>",
		"> . 1 ack 1",
		"> P. 1(100) ack 1",
		"< . 1 ack 101",
		"< . 1(1000) ack 101",
		"< P. 1001(1000) ack 101",
		"> . 101 ack 1001",
		"> . 101 ack 2001",
		"> P. 101(50) ack 2001",
		"< P. 2001(500) ack 151",
		"> . 151 ack 2501",
		"> F. 151 ack 2501",
		"< . 2501 ack 152",
		"< P. 2501(300) ack 152",
		"> . 152 ack 2801",
		"< F. 2801 ack 152",
		"> . 152 ack 2802",
	}},
	{name: "the server closes first", lines: []string{
		"> S 0 <mss 1460, ws 7, sackok>",
		"< S. 0 ack 1 <mss 1460, ws 7, sackok>",
		"> . 1 ack 1",
		"> P. 1(700) ack 1",
		"> P. 701(700) ack 1",
		"< . 1 ack 1401",
		"< F. 1(10) ack 1401",
		"> F. 1401 ack 12",
		"< . 12 ack 1402",
	}},
	{name: "both close at once", lines: []string{
		"> S 0 <mss 1460, ws 7, sackok>",
		"< S. 0 ack 1 <mss 1460, ws 7, sackok>",
		"> . 1 ack 1",
		"> P. 1(100) ack 1",
		"< P. 1(100) ack 101",
		"> . 101 ack 101",
		"> F. 101 ack 101",
		"< F. 101 ack 101",
		"> . 102 ack 102",
		"< . 102 ack 102",
	}},
}

// seen is what the lines up to one tell of a side's stream.
type seen struct {
	next, acked int // behind what it sent; what its peer acknowledged
	right       int // end of its peer's window
	has         bool
}

// after plays the first n lines.
func (p *play) after(n int) (both [2]seen) {
	for _, l := range p.lines[:n] {
		var from fsm.Side
		var flags, seq string
		var ack int
		fields := strings.Fields(l)
		if fields[0] == "<" {
			from = fsm.Server
		}
		flags, seq = fields[1], fields[2]
		start, length := 0, 0
		if _, err := fmt.Sscanf(seq, "%d(%d)", &start, &length); err != nil {
			fmt.Sscanf(seq, "%d", &start)
		}
		if strings.ContainsAny(flags, "SF") {
			length++
		}
		x, y := &both[from], &both[from.Peer()]
		x.next, x.has = max(x.next, start+length), true
		if len(fields) > 4 && fields[3] == "ack" {
			fmt.Sscanf(fields[4], "%d", &ack)
			wnd := 64240 << 7
			if strings.Contains(flags, "S") {
				wnd = 64240
			}
			y.acked, y.right = max(y.acked, ack), max(y.right, ack+wnd)
		}
	}
	return both
}

const header = "title: x\nclient: 10.0.0.1:40000 isn 1000000\nserver: 10.0.0.2:80 isn 5000000\n"

func (p *play) analyse(t *testing.T, at int, injected ...string) *record.Report {
	t.Helper()
	text := header + strings.Join(slices.Insert(slices.Clone(p.lines), at, injected...), "\n") + "\n"
	s, err := conversation.Parse(p.name, strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return analyse(s, analyzer.Options{Workers: 1})
}

// TestInjected puts a RST or a SYN that somebody else made into a connection, behind each
// of its segments, in either side's name and at every kind of number. Where a later
// segment tells that it had no effect it must have none, on either side, and a finding
// must name it; where nothing tells, the state must not be called proved.
func TestInjected(t *testing.T) {
	n := 0
	for i := range plays {
		p := &plays[i]
		p.base = p.analyse(t, 0).Connections[0]
		for at := 2; at < len(p.lines); at++ {
			both := p.after(at)
			for x := fsm.Client; x <= fsm.Server; x++ {
				e := both[x]
				for _, o := range []struct {
					name string
					seq  int
				}{
					{"below", e.acked - 1}, {"acked", e.acked}, {"between", (e.acked + e.next) / 2}, {"next", e.next}, {"next+1", e.next + 1},
					{"next+700", e.next + 700}, {"last of window", e.right - 1}, {"behind window", e.right}, {"far", e.next + 1<<30},
				} {
					for _, flags := range []string{"R", "R.", "S"} {
						n++
						p.judge(t, injection{at: at, from: x, flags: flags, where: o.name, seq: o.seq, ack: both[x.Peer()].next, seen: e})
					}
				}
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d injections", n)
	}
}

type injection struct {
	at           int // behind so many segments
	from         fsm.Side
	flags, where string
	seq, ack     int
	seen         seen // of that side
}

func (in *injection) line() string {
	line := fmt.Sprintf("+0.00001 %s %s %d", []string{">", "<"}[in.from], in.flags, in.seq)
	if in.flags == "R." {
		line += fmt.Sprintf(" ack %d", in.ack)
	}
	return line
}

// decided returns whether later segments tell of the sender in whose name it came that it
// was not its own, and of the receiver that it had no effect. A segment of the receiver
// may have been under way for two round trips, which is four segments here.
func (p *play) decided(in *injection) (sender, receiver bool) {
	receiver = in.flags == "S" || in.seq < in.seen.acked || in.seq > in.seen.next
	for i, l := range p.lines[in.at:] {
		mine := strings.HasPrefix(l, ">") == (in.from == fsm.Client)
		// What leaves room below the RST's number may belong before it.
		fills := in.seq > in.seen.next && i < 4 && !strings.HasPrefix(l[1:], " . ")
		sender = sender || mine && (in.flags == "S" || !fills)
		receiver = receiver || !mine && i >= 4
	}
	return sender, receiver
}

func (p *play) judge(t *testing.T, in injection) {
	r := p.analyse(t, in.at, in.line())
	sender, receiver := p.decided(&in)
	if in.flags == "S" && !sender {
		return // nothing speaks against an attempt of its own
	}
	c, base := r.Connections[0], p.base
	var faults []string
	if len(r.Connections) != 1 {
		faults = append(faults, fmt.Sprintf("%d connections", len(r.Connections)))
	}
	x, y := in.from, in.from.Peer()
	if got, want := c.State[x], base.State[x]; sender && got != want || !sender && got != want && got.State != fsm.Closed {
		faults = append(faults, fmt.Sprintf("the sender in %v, want %v", got, want))
	}
	if got, want := c.State[y], base.State[y]; got != want && (receiver || got.Proved) {
		faults = append(faults, fmt.Sprintf("the receiver in %v, want %v", got, want))
	}
	if sender && receiver && c.Verdict.Code != base.Verdict.Code {
		faults = append(faults, fmt.Sprintf("verdict %s, want %s", c.Verdict.Code, base.Verdict.Code))
	}
	// A bare RST below what was acknowledged is what a closed endpoint answers late.
	late := in.flags == "R" && in.seq < in.seen.acked
	if !late && !slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool { return holds(a.Frames, []int{in.at + 1}) }) {
		faults = append(faults, "no finding names it")
	}
	if len(faults) > 0 {
		t.Errorf("%s: behind %d, %s (%s): %s", p.name, in.at, in.line(), in.where, strings.Join(faults, "; "))
	}
}
