package saved

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// analysed is what the analysis says of some recordings, one after the other.
var analysed = sync.OnceValue(func() *record.Report {
	var sources []capture.Source
	for _, name := range []string{"kernel/zero-window.client.pcap", "kernel/refused.client.pcap", "kernel/syn-unanswered.client.pcap", "kernel/half-close.client.pcap", "kernel/several-lost.router.pcap", "conversations/100-stuck.pcap"} {
		s, err := capture.Open("../../testdata/pcaps/" + name)
		if err != nil {
			panic(err)
		}
		defer s.Close()
		sources = append(sources, s)
	}
	r, err := analyzer.Analyze(context.Background(), sources, analyzer.Options{})
	if err != nil {
		panic(err)
	}
	return r
})

// written is that as JSON and as NDJSON.
func written(t testing.TB) (document, lines []byte) {
	t.Helper()
	var d, l bytes.Buffer
	if err := errors.Join(report.FindFormat("json").Write(&d, analysed(), report.Options{}), report.FindFormat("ndjson").Write(&l, analysed(), report.Options{})); err != nil {
		t.Fatal(err)
	}
	return d.Bytes(), l.Bytes()
}

func readAll(in []byte) (saved *Report, list []Connection, err error) {
	saved, err = Read(bytes.NewReader(in), func(c *Connection) error {
		c.JSON = bytes.Clone(c.JSON)
		list = append(list, *c)
		return nil
	})
	return saved, list, err
}

// TestSavedIsWhatWasWritten: what is compared of a saved report is what is compared of its
// records.
func TestSavedIsWhatWasWritten(t *testing.T) {
	document, lines := written(t)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, document, "", "  "); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{"document": document, "lines": lines, "laid out anew": pretty.Bytes(), "with a mark": append([]byte("\ufeff"), document...)} {
		saved, list, err := readAll(in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := analysed()
		if len(list) != len(want.Connections) || saved.Cut || len(saved.Sources) != len(want.Capture.Sources) || len(saved.Faults) != len(want.Capture.Quality.Faults) {
			t.Errorf("%s: %d connections, %+v", name, len(list), saved)
		}
		for i, c := range want.Connections {
			got, sample := list[i].Sample, change.SampleOf(c)
			if !alike(reflect.ValueOf(got), reflect.ValueOf(sample)) {
				t.Errorf("%s: connection %d:\n%+v\nexpected\n%+v", name, c.ID, got, sample)
			}
			r := &list[i].Record
			if r.Client != c.Client || r.Last != c.Last || len(r.Anomalies) != len(c.Anomalies) {
				t.Errorf("%s: connection %d: %+v", name, c.ID, r)
			}
		}
	}
}

// alike compares as == does, but for NaN and what nanoseconds cannot hold.
func alike(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Float64:
		x, y := a.Float(), b.Float()
		return math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 0.06
	}
	return a.Equal(b)
}

// TestWhereOnSaved: an expression says the same of a connection and of its JSON.
func TestWhereOnSaved(t *testing.T) {
	document, _ := written(t)
	_, list, err := readAll(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`id == 2`, `client.ip startsWith "10."`, `verdict == nil`, `any(anomalies, .severity == "error")`, `exchanges.slowest.duration_s > 0.5`,
		`service contains "http"`, `traffic.client.rtt.p95_s > 0.001`, `count(transitions, .proof_frame == nil) > 1`, `not known(service)`,
	} {
		w, err := report.ParseWhere(text, true)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range analysed().Connections {
			if w.Match(c) != w.MatchJSON(list[i].JSON) {
				t.Errorf("%s: of connection %d it says %v, of its JSON %v", text, c.ID, w.Match(c), w.MatchJSON(list[i].JSON))
			}
		}
	}
	w, _ := report.ParseWhere("id > 0", false)
	for _, text := range []string{"", "{", "null", "[1]", `{"id":`, `{"id":"x"}`, `{"id":{}}`} {
		if w.MatchJSON([]byte(text)) {
			t.Errorf("true of %s", text)
		}
	}
}

// TestNoReport: what is no report gets one line that says so.
func TestNoReport(t *testing.T) {
	document, lines := written(t)
	edit := func(in []byte, from, to string) string {
		if !bytes.Contains(in, []byte(from)) {
			t.Fatalf("no %s", from)
		}
		return strings.Replace(string(in), from, to, 1)
	}
	var comparison bytes.Buffer
	if err := report.ChangesJSON(&comparison, change.Between(&change.Set{}, &change.Set{}, change.Options{}), [2]report.ComparedSide{}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ in, want string }{
		"nothing":                {"", "ends before its first connection"},
		"a bracket":              {"{", "ends before its first connection"},
		"a list":                 {"[1,2]", `"{" is expected`},
		"no JSON":                {"{nonsense", "no JSON from octet"},
		"no JSON later":          {edit(document, `"incarnation"`, `incarnation`), "no JSON from octet"},
		"of another program":     {`{"log":{"version":"1.2"}}`, "JSON of another program"},
		"lines of another":       {`{"type":"flow","id":1}`, `a line of type "flow"`},
		"lines without a type":   {`{"time":1}` + "\n" + `{"time":2}`, "no line of a report"},
		"another schema":         {edit(document, `"schema":1`, `"schema":7`), "a report of schema 7; this program reads 1"},
		"a schema of text":       {edit(document, `"schema":1`, `"schema":"x"`), "schema: "},
		"lines, another schema":  {edit(lines, `"schema":1`, `"schema":2`), "a report of schema 2"},
		"without connections":    {`{"schema":1,"tool":{},"capture":{},"summary":{}}`, "a report without connections"},
		"of compare":             {comparison.String(), "what compare printed"},
		"with --fields":          {`{"type":"connection","id":1,"verdict.code":"refused"}`, "lacks its addresses"},
		"a huge number":          {edit(document, `"packets":`, `"packets":1e400,"x":`), ""},
		"a huge count":           {edit(document, `"unique_bytes":`, `"unique_bytes":1e30,"x":`), "connection 1: traffic.client.unique_bytes: number 1e30 does not belong there"},
		"a huge port":            {edit(document, `"port":`, `"port":65536,"x":`), "connection 1: client.port: number 65536 does not belong there"},
		"a text for a number":    {edit(document, `"unique_bytes":`, `"unique_bytes":"\u001b[2J","x":`), "does not belong there"},
		"no address":             {edit(document, `"client":{"ip":"`, `"client":{"ip":"\u001b[2J`), `is no IP address`},
		"no time":                {edit(document, `"first_time":"2026`, `"first_time":"9999`), "is no time"},
		"connections that are 1": {`{"schema":1,"connections":1}`, `"[" is expected`},
	} {
		saved, _, err := readAll([]byte(test.in))
		if test.want == "" {
			continue // it is enough that it ends
		}
		var wrong *Error
		if !errors.As(err, &wrong) || saved != nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %v, expected %s", name, err, test.want)
		}
	}
}

// TestSavedIsCut: what ends anywhere gives the connections before that, and says so.
func TestSavedIsCut(t *testing.T) {
	document, lines := written(t)
	for name, in := range map[string][]byte{"document": document, "lines": lines} {
		_, all, err := readAll(in)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(in)-2; n += len(in)/150 + 1 {
			saved, list, err := readAll(in[:n])
			if len(list) == 0 && err != nil {
				continue
			}
			if err != nil || !saved.Cut || len(list) > len(all) || saved.Connections != uint64(len(list)) {
				t.Fatalf("%s cut at %d: %v, %+v, %d connections", name, n, err, saved, len(list))
			}
		}
	}
}

// endless is a report whose first connection never ends.
type endless struct{ n int }

func (e *endless) Read(b []byte) (int, error) {
	if e.n == 0 {
		e.n++
		return copy(b, `{"schema":1,"connections":[{"transitions":[`), nil
	}
	for i := range b {
		b[i] = "1,"[i%2]
	}
	b[len(b)-1] = ','
	if len(b) > 1 {
		b[len(b)-2] = '1'
	}
	return len(b) &^ 1, nil
}

func TestSavedIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MiB")
	}
	_, err := Read(&endless{}, func(*Connection) error { return nil })
	var wrong *Error
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "larger than 64 MiB") {
		t.Error(err)
	}
}

func TestSavedEachFails(t *testing.T) {
	document, _ := written(t)
	stop := errors.New("enough")
	if _, err := Read(bytes.NewReader(document), func(*Connection) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := Read(io.MultiReader(bytes.NewReader(document[:100]), &failing{stop}), func(*Connection) error { return nil }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzReadSaved holds that nothing that calls itself a report makes reading it, choosing of
// it or comparing it panic, hang or grow.
func FuzzRead(f *testing.F) {
	document, lines := written(f)
	f.Add(document)
	f.Add(lines)
	f.Add([]byte(`{"schema":1,"connections":[{"id":1,"client":{"ip":null,"port":1},"server":{"ip":"::1","port":2},"traffic":{"client":{"packets":1,"retransmissions":9,"rates":{"delivery":1e308}},"server":{}},"handshake":{"duration_s":1e-300}}]}`))
	f.Add([]byte(`{"type":"connection","client":{},"server":{},"traffic":{}}`))
	w, err := report.ParseWhere(`traffic.client.rtt.p95_s > 0.2 || any(anomalies, .severity == "error") || client.ip contains "1" || known(exchanges)`, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var sets [2]change.Set
		n := 0
		_, err := Read(bytes.NewReader(in), func(c *Connection) error {
			w.MatchJSON(c.JSON)
			for range 10 {
				n++
				c.Sample.ID = uint64(n)
				sets[n%2].Add(&c.Sample)
			}
			return nil
		})
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
		r := change.Between(&sets[0], &sets[1], change.Options{})
		for _, s := range r.Services {
			for _, c := range s.Measures {
				if c.Outcome == change.Changed && !(c.Corrected <= r.Level) {
					t.Errorf("%+v", c)
				}
			}
		}
		if err := errors.Join(report.Changes(io.Discard, r, [2]report.ComparedSide{}, report.Options{}), report.ChangesJSON(io.Discard, r, [2]report.ComparedSide{}, report.Options{})); err != nil {
			t.Error(err)
		}
	})
}
