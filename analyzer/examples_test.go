package analyzer_test

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// TestExamplesAreEnough holds a text report, for which only as many connections that went
// the same way are looked at closely as it may show, against one that has a record of
// each of its own.
func TestExamplesAreEnough(t *testing.T) {
	for _, kind := range []string{"web", "uneven", "flood", "small"} {
		var trace bytes.Buffer
		if _, err := tracegen.Find(kind).Write(&trace, 20_000, 3); err != nil {
			t.Fatal(err)
		}
		open := func() (capture.Source, error) { return capture.OpenReader(kind, bytes.NewReader(trace.Bytes())) }
		text := func(o report.Options, opt analyzer.Options) string {
			var out bytes.Buffer
			d := report.NewDigest(o)
			opt.Each = func(c *record.Connection) error {
				d.Add(c)
				return nil
			}
			if err := d.Write(&out, analyseAll(t, open, opt), o); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		for _, limit := range []int{1, 7, 50} {
			o := report.Options{Limit: limit, Timelines: true}
			want := text(o, analyzer.Options{})
			for _, workers := range []int{1, 3} {
				if got := text(o, analyzer.Options{OwnRecords: limit, Workers: workers}); got != want {
					t.Errorf("%s, %d shown, %d workers: %s", kind, limit, workers, firstDifference(want, got))
				}
			}
		}
	}
}
