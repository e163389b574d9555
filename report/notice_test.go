package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// fixtureNotices are a finding that lasts, found and over, and one that happened.
func fixtureNotices() []record.Notice {
	closed := record.Anomaly{
		Name: record.CheckZeroWindowDuration, Severity: record.SeverityWarning, Side: "server", Count: 1, Message: "The server's window, closed in frame 7, has not opened for 1.2 s: " + hostile,
	}
	injected := record.Anomaly{Name: record.CheckOverlapConflict, Severity: record.SeverityError, Count: 1, Message: "Two segments differ."}
	client, server := hostPort("192.168.178.20:43210"), hostPort("[2001:db8::1]:8080")
	return []record.Notice{
		{Connection: 3, Client: client, Server: server, At: start + 3*sec, Since: start + 1800*ms, Anomaly: closed},
		{Connection: 3, Client: client, Server: server, At: start + 9*sec, Since: start + 1800*ms, Until: start + 8800*ms, State: record.NoticeOver, Anomaly: closed},
		{Connection: 12345, Client: client, Server: server, At: start + 3*sec, Anomaly: injected},
		{Connection: 12345, Client: client, Server: server, At: start + 9*sec, Until: start + 9*sec, State: record.NoticeOver, Ended: true, Anomaly: injected},
	}
}

func TestNotice(t *testing.T) {
	var b bytes.Buffer
	for _, n := range fixtureNotices() {
		if err := Notice(&b, &n, Options{Width: 80, ASCII: true, Zone: time.UTC}); err != nil {
			t.Fatal(err)
		}
	}
	if err := MoreNotices(&b, &fixtureNotices()[0], 1214, 10*sec, Options{Width: 80, ASCII: true, Zone: time.UTC}); err != nil {
		t.Fatal(err)
	}
	const want = `13:00:01  #3   192.168.178.20:43210 -> [2001:db8::1]:8080
               open: warning: zero-window-duration
               The server's window, closed in frame 7, has not opened for 1.2 s:
               e\x1b[31mvil\x07\u202egnp."\\n\xff\u2028\u009b1m
13:00:07  #3   192.168.178.20:43210 -> [2001:db8::1]:8080
               over after 7 s: zero-window-duration
13:00:01  #12345 192.168.178.20:43210 -> [2001:db8::1]:8080
                 open: error: overlap-conflict
                 Two segments differ.
13:00:07  #12345 192.168.178.20:43210 -> [2001:db8::1]:8080
                 over: overlap-conflict
13:00:11       and 1,214 more like it in 10 s: zero-window-duration, to [2001:db8::1]:8080
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOpenProblems(t *testing.T) {
	list := fixtureNotices()
	list = []record.Notice{list[2], list[0], list[0]}
	list[2].Since -= 60 * sec
	var b bytes.Buffer
	if err := OpenProblems(&b, list, 7, Options{Width: 100, ASCII: true, Limit: 2}); err != nil {
		t.Fatal(err)
	}
	const want = `  #3   192.168.178.20:43210 -> [2001:db8::1]:8080  for 1 min 1 s  warning: zero-window-duration
       The server's window, closed in frame 7, has not opened for 1.2 s:
       e\x1b[31mvil\x07\u202egnp."\\n\xff\u2028\u009b1m
  #3   192.168.178.20:43210 -> [2001:db8::1]:8080  for 1.2 s  warning: zero-window-duration
       The server's window, closed in frame 7, has not opened for 1.2 s:
       e\x1b[31mvil\x07\u202egnp."\\n\xff\u2028\u009b1m
  and 8 more problems
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNDJSONNotices(t *testing.T) {
	s := compiled(t, "#/$defs/ndjson_line")
	var b bytes.Buffer
	w := newNDJSON(&b, Options{}).(NoticeWriter)
	all := fixtureNotices()
	all = append(all, record.Notice{State: record.NoticeGoesOn}) // that somebody asked is no news
	for _, n := range all {
		if err := w.Notice(&n); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, want := range []string{
		`"open":true,"as_of":"2026-03-29T13:00:01.250000000Z","lasted_s":1.2}`,
		`"open":false,"as_of":"2026-03-29T13:00:07.250000000Z","lasted_s":7}`,
		`"open":true,"as_of":"2026-03-29T13:00:01.250000000Z","lasted_s":null}`,
		`"open":false,"as_of":"2026-03-29T13:00:07.250000000Z","lasted_s":null}`,
	} {
		if !strings.HasPrefix(lines[i], `{"type":"anomaly","connection":`) || !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d: %s, want it to end in %s", i+1, lines[i], want)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(lines[i]))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
	}
	if len(lines) != 4 {
		t.Errorf("%d lines", len(lines))
	}
}
