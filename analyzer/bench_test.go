package analyzer_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/hugepages"
	"github.com/tcpflow-states/tcpflow-states/internal/trace"
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
		make func(w io.Writer, n int, seed uint64) (trace.Counts, error)
		opt  func(b *testing.B) analyzer.Options
	}{
		{"records", trace.Web, func(b *testing.B) analyzer.Options {
			return analyzer.Options{Connection: func(c *record.Connection) {
				if len(c.Anomalies) > 0 {
					b.Fatalf("connection %d: %s", c.ID, c.Anomalies[0].Message)
				}
			}}
		}},
		{"sums", trace.Web, func(*testing.B) analyzer.Options { return analyzer.Options{Sums: true} }},
		{"flood", trace.Flood, func(*testing.B) analyzer.Options { return analyzer.Options{Sums: true} }},
		{"ndjson", trace.Web, func(*testing.B) analyzer.Options {
			lines := report.NewNDJSON(io.Discard, report.DefaultOptions())
			return analyzer.Options{Connection: func(c *record.Connection) { lines.Connection(c) }}
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
			return a.Finish().Capture.Packets
		} else if err != nil {
			b.Fatal(err)
		}
		a.Packet(&decode.Raw{
			Data: p.Data, Length: p.Length, Time: fsm.Time(p.Time), LinkType: p.LinkType, Frame: fsm.NewFrame(0, p.Number),
		})
	}
}
