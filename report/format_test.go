package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Connections that come one by one, each in a record that is used again, make the same
// output as those of a report.
func TestFormatsStream(t *testing.T) {
	r := fixture()
	for i := range Formats {
		f := &Formats[i]
		for _, o := range []Options{DefaultOptions(), {Limit: 2}, {SummaryOnly: true}} {
			var whole, streamed bytes.Buffer
			if err := f.Write(&whole, r, o); err != nil {
				t.Fatal(err)
			}
			o.Sources = nil
			for k := range r.Capture.Sources {
				o.Sources = append(o.Sources, r.Capture.Sources[k].Name)
			}
			w := f.New(&streamed, o)
			for _, c := range r.Connections {
				own := c.Clone()
				if err := w.Connection(own); err != nil {
					t.Fatal(err)
				}
				*own = record.Connection{ID: 1 << 40}
			}
			if err := w.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary, Thresholds: r.Thresholds, Ignored: r.Ignored}); err != nil {
				t.Fatal(err)
			}
			if whole.String() != streamed.String() {
				t.Errorf("%s, %+v:\n%s\nby connections:\n%s", f.Name, o, whole.String(), streamed.String())
			}
		}
	}
}

// Nothing that a format but text writes waits for the end of the capture for long.
func TestFormatsKeepNothing(t *testing.T) {
	r := fixture()
	for i := range Formats {
		f := &Formats[i]
		if f.Name == "text" || f.Picture { // which keeps one connection
			continue
		}
		var out bytes.Buffer
		w := f.New(&out, Options{})
		for n := range 2*suiteCases + 1 {
			c := *r.Connections[n%len(r.Connections)]
			c.ID, c.Segments = uint64(n+1), nil
			if err := w.Connection(&c); err != nil {
				t.Fatal(err)
			}
		}
		before := out.Len()
		if err := w.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary, Thresholds: r.Thresholds, Ignored: r.Ignored}); err != nil {
			t.Fatal(err)
		}
		if rest := out.Len() - before; before < 1<<20 || rest > 1<<18 {
			t.Errorf("%s: %d bytes written before the end and %d at the end", f.Name, before, rest)
		}
	}
}

// Suites of a bounded number of cases count all of them, and the root counts none.
func TestJUnitSuites(t *testing.T) {
	r := fixture()
	for _, n := range []int{suiteCases, suiteCases + 1, 2*suiteCases + 1} {
		var out bytes.Buffer
		w := newJUnit(&out, Options{})
		for k := range n {
			c := *r.Connections[0]
			c.ID = uint64(k + 1)
			if err := w.Connection(&c); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(&record.Report{}); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if got := strings.Count(text, "<testcase "); got != n {
			t.Errorf("%d cases of %d", got, n)
		}
		suites := (n + suiteCases - 1) / suiteCases
		if got := strings.Count(text, "<testsuite "); got != suites {
			t.Errorf("%d connections are in %d suites, want %d", n, got, suites)
		}
		if counted := strings.Contains(text, fmt.Sprintf(`<testsuites name="tcpflow-states" tests="%d"`, n)); counted != (suites == 1) {
			t.Errorf("%d suites: the root counts %v", suites, counted)
		}
		if suites > 1 && !strings.Contains(text, fmt.Sprintf(`name="connections" tests="%d"`, suiteCases)) {
			t.Error("the first suite is not full")
		}
	}
}
