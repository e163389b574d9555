package analyzer_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// notices collects what is told of open connections and holds it against the rules: each
// finding is found once and then over once, before it may be found again.
type notices struct {
	t    *testing.T
	name string
	all  []record.Notice
	open map[string]*record.Notice
}

func watch(t *testing.T, name string) *notices {
	return &notices{t: t, name: name, open: map[string]*record.Notice{}}
}

func (l *notices) take(n *record.Notice) {
	key := fmt.Sprint(n.Connection, " ", n.Anomaly.Name, " ", n.Anomaly.Side)
	was := l.open[key]
	switch n.State {
	case record.NoticeFound:
		if was != nil {
			l.t.Errorf("%s: %s is told twice", l.name, key)
		}
		own := *n
		l.open[key] = &own
	case record.NoticeOver:
		if was == nil {
			l.t.Errorf("%s: %s is over, and was not told", l.name, key)
		}
		if n.Since != 0 && n.Until < n.Since || n.Until > n.At {
			l.t.Errorf("%s: %s lasts from %v to %v, as of %v", l.name, key, n.Since, n.Until, n.At)
		}
		delete(l.open, key)
	default:
		return
	}
	l.all = append(l.all, *n)
}

// done checks that all is over, and that IDs and addresses are those of the records.
func (l *notices) done(connections []*record.Connection) {
	for key := range l.open {
		l.t.Errorf("%s: %s is never over", l.name, key)
	}
	for i := range l.all {
		n := &l.all[i]
		k := slices.IndexFunc(connections, func(c *record.Connection) bool { return c.ID == n.Connection })
		if k < 0 || connections[k].Client != n.Client && connections[k].Client != n.Server {
			l.t.Errorf("%s: a notice about connection %d, %v to %v, which is none", l.name, n.Connection, n.Client, n.Server)
		}
	}
}

// looking analyses a capture and looks at the open connections at every packet.
func looking(t *testing.T, open func() (capture.Source, error), opt analyzer.Options) *record.Report {
	t.Helper()
	src, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	opt.Immediate = true
	a := analyzer.New(opt)
	var p capture.Packet
	for src.Next(&p) == nil {
		a.Packet(&p)
		a.Tell(fsm.Time(p.Time))
	}
	r, _ := a.Finish()
	return r
}

// TestNoticesChangeNothing holds the records of an analysis that looks at open connections
// all the time against those of one that does not, and what is told to the rules.
func TestNoticesChangeNothing(t *testing.T) {
	captures := map[string]func() (capture.Source, error){}
	for _, pattern := range []string{conversations + "/*.pcap", "../testdata/pcaps/kernel/*.pcap", "../testdata/pcaps/lab/*.pcap", "../testdata/pcaps/cases/*.pcap"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			captures[f] = func() (capture.Source, error) { return capture.Open(f) }
		}
	}
	told := 0
	for name, open := range captures {
		for _, opt := range []analyzer.Options{{}, {Linger: 2 * fsm.Second, Workers: 3}, trackedWhole} {
			want := looking(t, open, opt)
			l := watch(t, name)
			opt.Notice = l.take
			got := looking(t, open, opt)
			l.done(got.Connections)
			if a, b := jsonOf(t, got), jsonOf(t, want); a != b {
				t.Errorf("%s: looking at open connections changes the result:\n%s", name, firstDifference(a, b))
			}
			told += len(l.all)
		}
	}
	if len(captures) < 200 || told < 200 {
		t.Errorf("%d notices of %d captures", told, len(captures))
	}
}

func jsonOf(t *testing.T, r *record.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.JSON(&out, bare(r), report.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestNoNotices has healthy connections, of which nothing is told.
func TestNoNotices(t *testing.T) {
	var web bytes.Buffer
	if _, err := tracegen.Web(&web, 30_000, 7); err != nil {
		t.Fatal(err)
	}
	l := watch(t, "web")
	r := looking(t, func() (capture.Source, error) { return capture.OpenReader("web", bytes.NewReader(web.Bytes())) }, analyzer.Options{Notice: l.take})
	for i := range l.all {
		n := &l.all[i]
		t.Errorf("connection %d of healthy ones: %s", n.Connection, n.Anomaly.Message)
	}
	l.done(r.Connections)
}

const opening = `
1 > S 0 <mss 1460>
2 < S. 0 ack 1 <mss 1460>
3 > . 1 ack 1
`

// TestNotices has connections hang, and the clock go on: what is told, when, and when it
// is over.
func TestNotices(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script string
		rest   float64 // seconds that the capture goes on
		after  float64 // seconds after its beginning the first is true
		want   []string
		says   string // of the first
	}{
		{"the window stays closed, and is probed", opening + `
4 > P. 1(1000) ack 1
5 < . 1 ack 1001 win 0
6 +0.3 > . 1000 ack 1
7 < . 1 ack 1001 win 0
8 +0.6 > . 1000 ack 1
9 < . 1 ack 1001 win 0
10 +1.2 > . 1000 ack 1
11 < . 1 ack 1001 win 0
12 +2.4 > . 1000 ack 1
13 < . 1 ack 1001 win 0
14 +2.5 < . 1 ack 1001
`, 3, 1, []string{"found zero-window-duration server", "over zero-window-duration server, of 7.0 s"}, "has not opened for"},
		{"the window stays closed, and nobody says a word", opening + `
4 > P. 1(1000) ack 1
5 < . 1 ack 1001 win 0
`, 8, 1, []string{"found zero-window-duration server", "ends zero-window-duration server, of 8.0 s"}, ""},
		{"the server thinks", opening + `
4 > P. 1(100) ack 1
5 < . 1 ack 101
6 +6 < P. 1(100) ack 101
7 > . 101 ack 101
`, 3, 1, []string{"found slow-answer server", "over slow-answer server, of 6.0 s"}, "has not answered the request"},
		{"an answer is lost, and once more", opening + `
4 > P. 1(100) ack 1
5 < P. 1(100) ack 101
6 +0.4 < P. 1(100) ack 101
7 +4.6 < P. 1(100) ack 101
8 > . 101 ack 101
`, 3, 1, []string{"found stall server", "over stall server, of 5.0 s"}, "has stood still"},
		{"nobody answers", "1 > S 0 <mss 1460>\n2 +1 > S 0 <mss 1460>\n3 +2 > S 0 <mss 1460>\n4 +1 < S. 0 ack 1 <mss 1460>\n5 > . 1 ack 1\n", 3, 1,
			[]string{"found connect-no-answer server", "over connect-no-answer server, of 4.0 s"}, "has not answered the"},
		{"the server vanishes for a while", opening + `
4 > P. 1(100) ack 1
5 +0.2 > P. 1(100) ack 1
6 +0.4 > P. 1(100) ack 1
7 +0.8 > P. 1(100) ack 1
8 +1.6 > P. 1(100) ack 1
9 +3.2 > P. 1(100) ack 1
10 < . 1 ack 101
11 < P. 1(100) ack 101
12 > . 101 ack 101
`, 3, 1.4, []string{"found data-unacknowledged server", "over data-unacknowledged server, of 6.2 s"}, "Nothing has come from the server"},
		{"the server thinks", opening + `
4 > P. 1(100) ack 1
5 +0.04 < . 1 ack 101
6 +6 < P. 1(100) ack 101
7 > . 101 ack 101
`, 3, 1, []string{"found slow-answer server", "over slow-answer server, of 6.0 s"}, "has not answered the request that ends in frame 4"},
		{"the server stalls, then vanishes for a while", opening + `
4 > P. 1(100) ack 1
5 +0.9 > P. 1(100) ack 1
6 +1.8 > P. 1(100) ack 1
7 +1.8 > P. 1(100) ack 1
8 +3.6 > P. 1(100) ack 1
9 < . 1 ack 101
10 < P. 1(100) ack 101
11 > . 101 ack 101
`, 3, 1, []string{"found stall client", "found data-unacknowledged server", "over stall client, of 8.1 s", "over data-unacknowledged server, of 8.1 s"}, "has stood still for"},
		{"a close is not answered", opening + `
4 > F. 1 ack 1
5 < . 1 ack 2
`, 70, 60, []string{"found close-wait-stuck server", "ends close-wait-stuck server, of 70.0 s"}, "has not closed for"},
		{"idle after an answer", opening + `
4 > P. 1(100) ack 1
5 < P. 1(100) ack 101
6 > . 101 ack 101
`, 100, 0, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := conversation.Parse(tt.name, strings.NewReader("title: x\n"+tt.script))
			if err != nil {
				t.Fatal(err)
			}
			for _, opt := range []analyzer.Options{{}, {Workers: 2}, trackedWhole} {
				l := watch(t, tt.name)
				opt.Notice = l.take
				hang(s, tt.rest, opt)
				var got []string
				for i := range l.all {
					n := &l.all[i]
					what := fmt.Sprint(n.Anomaly.Name, " ", n.Anomaly.Side)
					switch {
					case n.State == record.NoticeFound:
						got = append(got, "found "+what)
						if late := n.Lasted() - tt.after; late > 2 && len(got) == 1 {
							t.Errorf("%s is told %.1f s late", what, late)
						}
					case n.Ended:
						got = append(got, fmt.Sprintf("ends %s, of %.1f s", what, n.Lasted()))
					default:
						got = append(got, fmt.Sprintf("over %s, of %.1f s", what, n.Lasted()))
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
				} else if len(got) > 0 && !strings.Contains(l.all[0].Anomaly.Message, tt.says) {
					t.Errorf("it says: %s", l.all[0].Anomaly.Message)
				}
			}
		})
	}
}

// hang analyses a script's packets as on a live capture that goes on for a while: the clock
// goes on by a tenth of a second at a time.
func hang(s *conversation.Script, rest float64, opt analyzer.Options) {
	a := analyzer.New(opt)
	var now fsm.Time
	advance := func(to fsm.Time) {
		if now == 0 {
			now = to
		}
		for ; now < to; now += fsm.Second / 10 {
			a.Advance(now)
		}
	}
	for i, p := range s.Packets() {
		advance(p.Time)
		a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: int64(p.Time), LinkType: 1, Number: uint64(i + 1)})
	}
	advance(now + fsm.Time(rest*float64(fsm.Second)))
	a.Finish()
}

// TestNoticesAreBounded has a flood of SYNs that nobody answers: what is told of it is bounded,
// and does not hide what hangs beside it.
func TestNoticesAreBounded(t *testing.T) {
	s, err := conversation.Parse("window", strings.NewReader("title: x\n"+opening+"4 > P. 1(1000) ack 1\n5 < . 1 ack 1001 win 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	var flood bytes.Buffer
	if _, err := tracegen.Find("flood").Write(&flood, 60_000, 1); err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenReader("flood", &flood)
	if err != nil {
		t.Fatal(err)
	}
	l := watch(t, "flood")
	var hangs fsm.Time
	a := analyzer.New(analyzer.Options{Each: func(*record.Connection) error { return nil }, Notice: func(n *record.Notice) {
		l.take(n)
		if n.Anomaly.Name == record.CheckZeroWindowDuration && n.State == record.NoticeFound {
			hangs = n.At
		}
	}})
	var p capture.Packet
	var n uint64
	for src.Next(&p) == nil {
		a.Packet(&p)
		n++
	}
	now := fsm.Time(p.Time)
	pass := func(seconds int) {
		for range seconds * 10 {
			now += fsm.Second / 10
			a.Advance(now)
		}
	}
	pass(100)
	first := s.Packets()[0].Time
	began := now
	for _, q := range s.Packets() {
		n++
		now = began + q.Time - first
		a.Packet(&capture.Packet{Data: q.Data, Length: q.Length, Time: int64(now), LinkType: 1, Number: n})
	}
	pass(4)
	if hangs == 0 || hangs-began > 3*fsm.Second {
		t.Errorf("the closed window is told %.1f s after it closed", hangs.Seconds(began))
	}
	pass(100)
	const most = 16 * 256
	if open := len(l.open); open < most/2 || open > most+1 || a.Untold() == 0 {
		t.Errorf("%d notices are open, %d findings are untold", open, a.Untold())
	}
	a.Finish()
	if len(l.open) > 0 {
		t.Errorf("%d are never over", len(l.open))
	}
}
