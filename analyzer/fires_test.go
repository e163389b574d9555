package analyzer_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestEveryCheckFires holds that each check of the catalogue is expected by some
// scripted conversation; TestConversations sees to it that it fires there, and
// nowhere else.
func TestEveryCheckFires(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(conversations, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]string{
		"header-malformed":         "TestHeaderMalformed", // its segment belongs to no timeline
		"connect-rejected-by-icmp": "TestICMP",            // a script has segments only
	}
	for _, file := range files {
		s, err := conversation.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Conns {
			for _, f := range c.Findings {
				where[f.Name] = filepath.Base(file)
			}
		}
	}
	for _, c := range check.Catalogue {
		if where[string(c.Name)] == "" {
			t.Errorf("%s fires in no conversation", c.Name)
		}
	}
	for name, file := range where {
		if check.NewSet(check.Catalogue).Find(record.CheckName(name)) == nil {
			t.Errorf("%s expects %s, which is no check", file, name)
		}
	}
}

func TestHeaderMalformed(t *testing.T) {
	s, err := conversation.Parse("script", strings.NewReader(`title: a data offset of 3
> S  0        <mss 1460>
< S. 0 ack 1  <mss 1460>
> .  1 ack 1
> .  1 ack 1 offset 3
`))
	if err != nil {
		t.Fatal(err)
	}
	r := analyse(s, analyzer.Options{})
	if len(r.Connections) != 1 {
		t.Fatalf("%d connections", len(r.Connections))
	}
	a := r.Connections[0].Anomalies
	if len(a) != 1 || a[0].Name != "header-malformed" || a[0].Side != "client" || a[0].Frames[0].Number() != 4 {
		t.Errorf("found %+v, want header-malformed in frame 4", a)
	}
}

// TestDoubt holds that a finding on a doubtful capture counts less and says why.
func TestDoubt(t *testing.T) {
	script := func(hidden string) string {
		return `title: a window is overrun
> S  0        <mss 1460>
< S. 0 ack 1  <mss 1460> win 500
> .  1 ack 1
> .  1(400) ack 1 ` + hidden + `
< .  1 ack 401 win 500
> P. 401(1400) ack 1
< .  1 ack 1801
> F. 1801 ack 1
< F. 1 ack 1802
> .  1802 ack 2
`
	}
	for hidden, want := range map[string]struct{ severity, doubt, trust string }{
		"":       {"warning", "", "full"},
		"hidden": {"note", "the capture is missing 400 bytes of this connection", "partial"},
	} {
		s, err := conversation.Parse("script", strings.NewReader(script(hidden)))
		if err != nil {
			t.Fatal(err)
		}
		c := analyse(s, analyzer.Options{}).Connections[0]
		found := false
		for _, a := range c.Anomalies {
			if a.Name == record.CheckSentBeyondWindow {
				found = true
				if a.Severity.String() != want.severity || a.Doubt != want.doubt {
					t.Errorf("%q: %s, doubt %q, want %s, %q", hidden, a.Severity, a.Doubt, want.severity, want.doubt)
				}
			}
		}
		if !found {
			t.Errorf("%q: not found: %+v", hidden, c.Anomalies)
		}
		if c.Quality.Trust != want.trust || (len(c.Quality.Doubts) > 0) != (want.trust != "full") {
			t.Errorf("%q: trust %q, doubts %q, want %q", hidden, c.Quality.Trust, c.Quality.Doubts, want.trust)
		}
	}
}

// TestDescribe holds the sentences on the capture's faults.
func TestDescribe(t *testing.T) {
	s, err := conversation.Load(filepath.Join(conversations, "18-every-frame-twice.txt"))
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer.New(analyzer.Options{})
	for i, p := range s.Packets() {
		a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: int64(p.Time), LinkType: 1, Number: uint64(i + 1)})
	}
	r, _ := a.Finish(capture.Info{Dropped: 1})
	want := []string{
		"1 packet was dropped by the capture: suspect a missing segment there before the network.",
		"17 frames were captured twice; the duplicates are ignored.",
	}
	if got := r.Capture.Quality.Faults; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("faults %q, want %q", got, want)
	}
}

// TestOneSYN holds that an attempt of a single SYN counts less than one that the
// client repeated: it may have given up by itself.
func TestOneSYN(t *testing.T) {
	for syns, want := range map[string]record.Severity{
		"> S 0":             record.SeverityWarning,
		"> S 0\n+1.0 > S 0": record.SeverityError,
	} {
		s, err := conversation.Parse("script", strings.NewReader("title: a server that is silent\n"+syns+
			"\nconnection: later\nclient: 10.0.0.1:40001\n+5.0 > S 0\n< S. 0 ack 1\n> . 1 ack 1\n"))
		if err != nil {
			t.Fatal(err)
		}
		a := analyse(s, analyzer.Options{}).Connections[0].Anomalies
		i := slices.IndexFunc(a, func(a record.Anomaly) bool { return a.Name == record.CheckConnectNoAnswer })
		if i < 0 || a[i].Severity != want || (a[i].Doubt != "") != (want == record.SeverityWarning) {
			t.Errorf("%q: %+v, want severity %v", syns, a, want)
		}
	}
}
