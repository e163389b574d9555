package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// told returns an output of a live capture as text, and what it has printed since the last
// time.
func told(t *testing.T) (o *output, printed func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	opt := &options{form: report.FindFormat("text")}
	o = newOutput(&app{stdout: w}, opt, true, []string{"eth0"})
	o.render = report.Options{Width: 100, Zone: time.UTC}
	return o, func() string {
		o.out.Flush()
		buf := make([]byte, 1<<16)
		r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, _ := r.Read(buf)
		return string(buf[:n])
	}
}

func hangs(id uint64, at fsm.Time, state record.NoticeState) *record.Notice {
	server := record.Addr{IP: netip.MustParseAddr("10.0.0.2"), Port: 8080}
	return &record.Notice{
		Connection: id, Client: record.Addr{IP: netip.MustParseAddr("10.0.0.1"), Port: 40000}, Server: server,
		State: state, At: at, Since: fsm.Second, Until: at,
		Anomaly: record.Anomaly{Name: record.CheckConnectNoAnswer, Severity: record.SeverityError, Side: "server", Message: "The server has not answered."},
	}
}

// TestAlikeNotices has a server go down to which thousands connect: a few notices tell it, a
// line counts the others, and only what was told is told to be over.
func TestAlikeNotices(t *testing.T) {
	o, printed := told(t)
	const n = 2219
	for id := range uint64(n) {
		o.notice(hangs(id+1, 2*fsm.Second+fsm.Time(id), record.NoticeFound))
	}
	text := printed()
	if got := strings.Count(text, "open: error: connect-no-answer"); got != mostAlike {
		t.Errorf("%d told by themselves:\n%s", got, text)
	}
	if o.notices.stalled() != n {
		t.Errorf("%d stalled, not %d", o.notices.stalled(), n)
	}
	o.settle(11 * fsm.Second)
	if text := printed(); text != "" {
		t.Errorf("too early: %s", text)
	}
	o.settle(13 * fsm.Second)
	if text, want := printed(), "00:00:12       and 2,214 more like it in 10 s: connect-no-answer, to 10.0.0.2:8080\n"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	for id := range uint64(n) {
		o.notice(hangs(id+1, 20*fsm.Second, record.NoticeOver))
	}
	if text := printed(); strings.Count(text, "over after 19 s: connect-no-answer") != mostAlike {
		t.Errorf("told to be over:\n%s", text)
	}
	if len(o.notices.open) != 0 || len(o.notices.throttle.kinds) != 0 || o.notices.stalled() != 0 {
		t.Errorf("remembered: %d open, %d kinds", len(o.notices.open), len(o.notices.throttle.kinds))
	}
	o.notice(hangs(9999, 40*fsm.Second, record.NoticeFound))
	if text := printed(); !strings.Contains(text, "#9999") {
		t.Errorf("ten seconds later it is not told: %q", text)
	}
}

// TestThrottleIsBounded has connections to more servers hang than are told apart.
func TestThrottleIsBounded(t *testing.T) {
	o, printed := told(t)
	for i := range 10 * mostKinds {
		n := hangs(uint64(i+1), 2*fsm.Second, record.NoticeFound)
		n.Server.Port = uint16(i + 1)
		o.notice(n)
	}
	if n := len(o.notices.throttle.kinds); n > mostKinds+1 {
		t.Errorf("%d kinds are remembered", n)
	}
	printed()
	o.settle(20 * fsm.Second)
	if text, want := printed(), fmt.Sprintf("and %s more like it in 10 s: connect-no-answer\n", "2,299"); !strings.HasSuffix(text, want) {
		t.Errorf("got %q, want it to end in %q", text, want)
	}
}

// TestStatus looks at the line at the foot of a terminal.
func TestStatus(t *testing.T) {
	var b bytes.Buffer
	width := 200
	s := &status{w: &b, width: func() int { return width }}
	now := time.Unix(1000, 0)
	text := func() string {
		defer b.Reset()
		return b.String()
	}
	if !s.due(now) {
		t.Error("not due at first")
	}
	s.show(now, figures{packets: 1000, open: 2})
	text()
	if s.due(now.Add(statusEvery - 1)) {
		t.Error("due too early")
	}
	now = now.Add(2 * time.Second)
	s.show(now, figures{packets: 5000, open: 312, stalled: 3, failed: 1017, dropped: 4})
	const line = "2,000 packets/s, 312 open, 3 stalled, 1,017 failed, 4 dropped"
	if got := text(); got != "\r\x1b[K"+line {
		t.Errorf("got %q", got)
	}
	s.clear()
	s.clear()
	if got := text(); got != "\r\x1b[K" {
		t.Errorf("taken away: %q", got)
	}
	width = 20
	s.again()
	if got := text(); got != "\r\x1b[K"+line[:19] {
		t.Errorf("in 20 columns: %q", got)
	}
	s.end()
	s.again()
	if got := text(); got != "\r\x1b[K" || s.due(now.Add(time.Hour)) {
		t.Errorf("after its end: %q", got)
	}
	(*status)(nil).clear()
	(*status)(nil).end()
	if (*status)(nil).due(now) {
		t.Error("none is due")
	}
}
