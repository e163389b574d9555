package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// document renders the report as JSON and parses it as anybody would.
func document(t *testing.T, r *record.Report, o Options) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

func parse(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, b)
	}
	return doc
}

// at walks to a value: at(doc, "connections", 0, "client", "port").
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v: no object", path[:i])
			}
			if v, ok = m[p]; !ok {
				t.Fatalf("%v: no member %q", path[:i], p)
			}
		case int:
			l, ok := v.([]any)
			if !ok || p >= len(l) {
				t.Fatalf("%v: no element %d", path[:i], p)
			}
			v = l[p]
		}
	}
	return v
}

func TestJSONValues(t *testing.T) {
	doc := document(t, fixture(), Options{Tool: Tool{"tcpflow-states", "1.2.3"}})
	for _, test := range []struct {
		path []any
		want any
	}{
		{[]any{"schema"}, json.Number("1")},
		{[]any{"tool", "version"}, "1.2.3"},
		{[]any{"capture", "sources", 1, "file"}, json.Number("2")},
		{[]any{"capture", "sources", 1, "cut"}, nil},
		{[]any{"capture", "skipped", "fragment"}, json.Number("4")},
		{[]any{"capture", "first_time"}, "2026-03-29T12:59:58.250000000Z"},
		{[]any{"capture", "duration_s"}, json.Number("7935")},
		{[]any{"capture", "quality", "gap_bytes"}, json.Number("2896")},
		{[]any{"summary", "states", "client", "SYN-SENT"}, json.Number("2")},
		{[]any{"summary", "severities", "error"}, json.Number("2")},
		{[]any{"connections", 0, "id"}, json.Number("1")},
		{[]any{"connections", 0, "client", "ip"}, "192.168.178.20"},
		{[]any{"connections", 0, "server", "port"}, json.Number("80")},
		{[]any{"connections", 0, "service"}, "http"},
		{[]any{"connections", 0, "encapsulation"}, nil},
		{[]any{"connections", 0, "orientation", "certain"}, true},
		{[]any{"connections", 0, "last_frame"}, json.Number("409")},
		{[]any{"connections", 0, "last_file"}, json.Number("1")},
		{[]any{"connections", 0, "duration_s"}, json.Number("22.45906")},
		{[]any{"connections", 0, "state", "server"}, "CLOSED"},
		{[]any{"connections", 0, "state", "server_proved"}, false},
		{[]any{"connections", 0, "state", "client_proved"}, true},
		{[]any{"connections", 0, "time_in_state", "client", 0, "duration_s"}, json.Number("0.018412")},
		{[]any{"connections", 0, "transitions", 0, "endpoint"}, "client"},
		{[]any{"connections", 0, "transitions", 0, "from"}, "CLOSED"},
		{[]any{"connections", 0, "transitions", 0, "to"}, "SYN-SENT"},
		{[]any{"connections", 0, "transitions", 0, "event"}, "send SYN"},
		{[]any{"connections", 0, "transitions", 0, "cause"}, "sent"},
		{[]any{"connections", 0, "transitions", 0, "proof_frame"}, json.Number("1")},
		{[]any{"connections", 0, "transitions", 2, "proof_frame"}, json.Number("2")},
		{[]any{"connections", 5, "transitions", 8, "frame"}, nil},
		{[]any{"connections", 5, "transitions", 8, "cause"}, "timer"},
		{[]any{"connections", 0, "handshake", "syn_ack_valid"}, true},
		{[]any{"connections", 1, "handshake", "syn_ack_valid"}, false},
		{[]any{"connections", 1, "handshake", "ack_valid"}, nil},
		{[]any{"connections", 1, "handshake", "client_rtt_s"}, nil},
		{[]any{"connections", 0, "handshake", "server_rtt_s"}, json.Number("0.018412")},
		{[]any{"connections", 2, "handshake", "options", "client"}, nil},
		{[]any{"connections", 0, "handshake", "isn", "client"}, json.Number("305419896")},
		{[]any{"connections", 2, "handshake", "isn", "client"}, nil},
		{[]any{"connections", 0, "close", "first_closer"}, "client"},
		{[]any{"connections", 1, "close", "first_closer"}, "client"},
		{[]any{"connections", 4, "close", "first_closer"}, nil},
		{[]any{"connections", 0, "close", "time_wait", "holder"}, "client"},
		{[]any{"connections", 0, "close", "time_wait", "watched_s"}, json.Number("37.55")},
		{[]any{"connections", 1, "close", "time_wait"}, nil},
		{[]any{"connections", 5, "close", "time_wait", "holder"}, "both"},
		{[]any{"connections", 5, "close", "time_wait", "ended"}, "reused"},
		{[]any{"connections", 5, "close", "time_wait", "holds", 0, "ended"}, "elapsed"},
		{[]any{"connections", 0, "traffic", "client", "bytes"}, json.Number("77")},
		{[]any{"connections", 0, "traffic", "client", "keepalive", "idle_s"}, nil},
		{[]any{"connections", 2, "traffic", "client", "keepalive", "min_interval_s"}, json.Number("75")},
		{[]any{"connections", 1, "anomalies", 1, "frames", 1}, json.Number("412")},
		{[]any{"connections", 2, "anomalies", 0, "files", 0}, json.Number("2")},
		{[]any{"connections", 1, "anomalies", 1, "severity"}, "error"},
		{[]any{"connections", 0, "segments", 0, "flags"}, "S"},
		{[]any{"connections", 0, "segments", 0, "ack"}, nil},
		{[]any{"connections", 0, "segments", 1, "ack"}, json.Number("1")},
		{[]any{"connections", 0, "segments", 1, "ack_raw"}, json.Number("305419897")},
		{[]any{"connections", 0, "segments", 2, "before", "server"}, "SYN-RECEIVED"},
		{[]any{"connections", 0, "segments", 2, "after", "server"}, "ESTABLISHED"},
		{[]any{"connections", 3, "segments", 6, "options", "sack", 0, "from"}, json.Number("2897")},
		{[]any{"connections", 3, "segments", 6, "labels", 0}, "duplicate-ack"},
		{[]any{"connections", 4, "segments_cut"}, json.Number("12345")},
		{[]any{"connections", 4, "evicted"}, true},
	} {
		if got := at(t, doc, test.path...); got != test.want {
			t.Errorf("%v = %v, want %v", test.path, got, test.want)
		}
	}
	if _, ok := at(t, doc, "connections", 5).(map[string]any)["segments"]; ok {
		t.Error("segments of a connection that kept none")
	}
}

// One source: no file numbers anywhere.
func TestJSONOneSource(t *testing.T) {
	r := fixture()
	r.Capture.Sources = r.Capture.Sources[:1]
	var b bytes.Buffer
	if err := JSON(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{`"files":`, `_file":`, `"proof_file":`} {
		if strings.Contains(b.String(), k) {
			t.Errorf("%s in a report of one source", k)
		}
	}
	if !strings.Contains(b.String(), `"file":1,"name":`) {
		t.Error("the source has lost its own number")
	}
}

func TestJSONEmptyReport(t *testing.T) {
	doc := document(t, &record.Report{}, Options{})
	if got := at(t, doc, "capture", "first_time"); got != nil {
		t.Errorf("first_time without packets = %v, want null", got)
	}
	if got := at(t, doc, "connections"); len(got.([]any)) != 0 {
		t.Errorf("connections = %v, want []", got)
	}
}

func TestJSONSummaryOnly(t *testing.T) {
	doc := document(t, fixture(), Options{SummaryOnly: true})
	if _, ok := doc["connections"]; ok {
		t.Error("connections with SummaryOnly")
	}
	at(t, doc, "summary", "anomalies", 0, "name")
}

// Many connections take several writes; the joints must not show.
func TestJSONFlushes(t *testing.T) {
	r := fixture()
	for range 6 {
		r.Connections = append(r.Connections, r.Connections...)
	}
	doc := document(t, r, Options{})
	if n := len(at(t, doc, "connections").([]any)); n != len(r.Connections) {
		t.Errorf("%d connections, want %d", n, len(r.Connections))
	}
}

func TestNDJSON(t *testing.T) {
	r := fixture()
	var b bytes.Buffer
	n := newNDJSON(&b, Options{Multi: true})
	for _, c := range r.Connections {
		if err := n.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary, Thresholds: r.Thresholds, Ignored: r.Ignored}); err != nil {
		t.Fatal(err)
	}
	whole := document(t, r, Options{})
	types := map[string]int{}
	id := 0
	for line := range bytes.Lines(b.Bytes()) {
		if !bytes.HasPrefix(line, []byte(`{"type":"`)) {
			t.Fatalf("type does not come first: %.40s", line)
		}
		o := parse(t, line)
		kind := o["type"].(string)
		types[kind]++
		delete(o, "type")
		switch kind {
		case "connection":
			want := at(t, whole, "connections", id)
			if !equalJSON(t, o, want) {
				t.Errorf("connection %d differs from the document's", id+1)
			}
			id++
		case "anomaly":
			if o["connection"] != at(t, whole, "connections", id-1, "id") {
				t.Errorf("anomaly of connection %v after connection %d", o["connection"], id)
			}
			at(t, o, "client", "ip")
			at(t, o, "server", "port")
			at(t, o, "name")
		case "summary":
			delete(whole, "connections")
			if !equalJSON(t, o, whole) {
				t.Error("the summary differs from the document's")
			}
		}
	}
	if types["connection"] != 6 || types["anomaly"] != 8 || types["summary"] != 1 {
		t.Errorf("lines by type: %v", types)
	}
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(x, y)
}

func TestNDJSONSummaryOnly(t *testing.T) {
	r := fixture()
	var b bytes.Buffer
	n := newNDJSON(&b, Options{SummaryOnly: true})
	for _, c := range r.Connections {
		if err := n.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary, Thresholds: r.Thresholds, Ignored: r.Ignored}); err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(b.Bytes(), []byte("\n")); lines != 1 {
		t.Errorf("%d lines, want 1", lines)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteErrorsAreReturned(t *testing.T) {
	r := fixture()
	if JSON(brokenPipe{}, r, Options{}) == nil {
		t.Error("JSON lost the error")
	}
	if Text(brokenPipe{}, r, Options{}) == nil {
		t.Error("Text lost the error")
	}
	n := newNDJSON(brokenPipe{}, Options{})
	if n.Connection(r.Connections[0]) == nil || n.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary, Thresholds: r.Thresholds, Ignored: r.Ignored}) == nil {
		t.Error("NDJSON lost the error")
	}
}

func TestAppendTime(t *testing.T) {
	const layout = "2006-01-02T15:04:05.000000000Z"
	times := []int64{0, 1, -1, math.MinInt64, math.MaxInt64, 951782400e9 /* 2000-02-29 */, 4107456000e9, /* 2100-02-28 */
		4107542400e9 /* 2100-03-01 */, -2203891200e9 /* 1900-03-01 */, -86400e9, 1774789198250000000}
	for i := int64(-100000); i < 100000; i += 37 { // every month end of five centuries, more or less
		times = append(times, i*86400e9+i*1001)
	}
	for _, n := range times {
		got := string(appendTime(nil, fsm.Time(n)))
		if want := time.Unix(0, n).UTC().Format(layout); got != want {
			t.Fatalf("%d: %s, want %s", n, got, want)
		}
	}
}

// TestAppendUint holds numbers of any length against strconv.
func TestAppendUint(t *testing.T) {
	for n := uint64(1); n > 0 && n < math.MaxUint64/10; n *= 10 {
		for _, m := range []uint64{n - 1, n, n + 1, n + 9, 3 * n, 7*n + 7, 9*n + n/10} {
			if got, want := string(appendUint([]byte("x"), m)), "x"+strconv.FormatUint(m, 10); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got, want := string(appendNine(nil, uint32(m%1e9))), fmt.Sprintf("%09d", m%1e9); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

func TestAppendSeconds(t *testing.T) {
	for _, test := range []struct {
		s    float64
		want string
	}{
		{0, "0"}, {1, "1"}, {0.5, "0.5"}, {0.000000001, "0.000000001"}, {0.1 + 0.2, "0.3"},
		{0.0000000004, "0"}, {75, "75"}, {7199.968, "7199.968"}, {1e21, "1000000000000000000000"},
	} {
		if got := string(appendSeconds(nil, test.s)); got != test.want {
			t.Errorf("%g: %s, want %s", test.s, got, test.want)
		}
	}
}

func TestUnknownSecondsAreNull(t *testing.T) {
	for _, s := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		var e encoder
		e.open('{')
		e.keySeconds(`"x_s":`, s)
		e.finish()
		if string(e.buf) != "{\"x_s\":null}\n" {
			t.Errorf("%g: %s", s, e.buf)
		}
	}
}

func TestSpanIsExact(t *testing.T) {
	for _, test := range []struct {
		from, to fsm.Time
		want     string
	}{
		{5, 5, "0"}, {0, 1_000_000_001, "1.000000001"}, {10, 0, "-0.00000001"},
		{math.MinInt64, math.MaxInt64, "18446744073.709551615"},
	} {
		var e encoder
		e.keySpan("", test.from, test.to)
		if got := strings.TrimSuffix(string(e.buf), ","); got != test.want {
			t.Errorf("%d to %d: %s, want %s", test.from, test.to, got, test.want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", hostile, "日本語", "\U000e0001", "\u2029{[:", "\x00\x7f\u0080"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); collapse(got) != collapse(want) {
			t.Fatalf("%q came back as %q", want, got)
		}
		for _, c := range b {
			if c < ' ' || c == 0x7f {
				t.Fatalf("control %#x in %q", c, b)
			}
		}
	})
}

// collapse makes runs of U+FFFD one: ToValidUTF8 replaces a run of bad octets once.
func collapse(s string) string {
	for strings.Contains(s, "\ufffd\ufffd") {
		s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
	}
	return s
}

func BenchmarkConnectionNDJSON(b *testing.B) {
	c := download()
	c.Segments = nil
	n := newNDJSON(discard{}, Options{}).(*ndjson)
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Connection(c); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(n.e.buf)))
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
