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
)

// BenchmarkWholeAnalysis reads and analyses a capture of short HTTP connections
// in one goroutine, every check included; the figure to watch is packets/s.
func BenchmarkWholeAnalysis(b *testing.B) {
	hugepages.ForHeap() // as the command does
	var web bytes.Buffer
	if _, err := trace.Web(&web, 1_000_000, 1); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(web.Len()))
	runtime.GC() // what making the trace left behind is not the analysis's
	var packets uint64
	for b.Loop() {
		src, err := capture.OpenReader("trace", bytes.NewReader(web.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		connections := 0
		a := analyzer.New(analyzer.Options{Connection: func(c *record.Connection) {
			connections++
			if len(c.Anomalies) > 0 {
				b.Fatalf("connection %d: %s", c.ID, c.Anomalies[0].Message)
			}
		}})
		var p capture.Packet
		for {
			if err := src.Next(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			a.Packet(&decode.Raw{
				Data: p.Data, Length: p.Length, Time: fsm.Time(p.Time), LinkType: p.LinkType, Frame: fsm.NewFrame(0, p.Number),
			})
		}
		packets += a.Finish().Capture.Packets
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
}
