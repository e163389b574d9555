package analyzer_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/hugepages"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// BenchmarkWholeAnalysis reads and analyses captures in one goroutine, every check
// included; the figure to watch is packets/s. The first is of short HTTP
// connections with a record made of each, then the same and a flood where only
// sums are wanted, and the first with every record written as JSON.
func BenchmarkWholeAnalysis(b *testing.B) {
	hugepages.ForHeap() // as the command does
	const packets = 1_000_000
	for _, m := range []struct {
		name string
		make func(w io.Writer, n int, seed uint64) (tracegen.Counts, error)
		opt  func(b *testing.B) analyzer.Options
	}{
		{"records", tracegen.Web, func(b *testing.B) analyzer.Options {
			return analyzer.Options{Each: func(c *record.Connection) error {
				if len(c.Anomalies) > 0 {
					b.Fatalf("connection %d: %s", c.ID, c.Anomalies[0].Message)
				}
				return nil
			}}
		}},
		{"sums", tracegen.Web, func(*testing.B) analyzer.Options { return analyzer.Options{SummaryOnly: true} }},
		{"flood", tracegen.Flood, func(*testing.B) analyzer.Options { return analyzer.Options{SummaryOnly: true} }},
		{"ndjson", tracegen.Web, func(*testing.B) analyzer.Options {
			lines := report.FindFormat("ndjson").New(io.Discard, report.DefaultOptions())
			return analyzer.Options{Each: lines.Connection}
		}},
	} {
		b.Run(m.name, func(b *testing.B) {
			var file bytes.Buffer
			if _, err := m.make(&file, packets, 1); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			runtime.GC() // what making the trace left behind is not the analysis's
			var n uint64
			for b.Loop() {
				n += analyseOnce(b, file.Bytes(), m.opt(b))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
		})
	}
}

// analyseOnce returns how many packets the capture has.
func analyseOnce(b *testing.B, file []byte, opt analyzer.Options) uint64 {
	src, err := capture.OpenReader("trace", bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	a := analyzer.New(opt)
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			r, _ := a.Finish()
			return r.Capture.Packets
		} else if err != nil {
			b.Fatal(err)
		}
		a.Packet(&capture.Packet{
			Data: p.Data, Length: p.Length, Time: p.Time, LinkType: p.LinkType, Number: p.Number,
		})
	}
}
