package bench

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// BenchmarkGrowth analyses each flood and each single connection at n, 4n and
// 16n packets, once for sums and once with every record made. It reports the
// time per packet at each length, and 16n's to n's: 1 where cost per packet is
// constant, 16 where it grows with the length.
func BenchmarkGrowth(b *testing.B) {
	const n = 4000
	for _, list := range [][]tracegen.Kind{tracegen.Floods, tracegen.Monsters} {
		for _, k := range list {
			b.Run(k.Name+"/sums", func(b *testing.B) {
				measureGrowth(b, &k, n, analyzer.Options{SummaryOnly: true})
			})
			b.Run(k.Name+"/records", func(b *testing.B) {
				measureGrowth(b, &k, n, analyzer.Options{Each: func(*record.Connection) error { return nil }})
			})
		}
	}
}

func measureGrowth(b *testing.B, k *tracegen.Kind, n int, opt analyzer.Options) {
	var files [3][]byte
	var packets [3]uint64
	for i := range files {
		var file bytes.Buffer
		counts, err := k.Write(&file, n<<(2*i), 1)
		if err != nil {
			b.Fatal(err)
		}
		files[i], packets[i] = file.Bytes(), counts.Packets
	}
	var perPacket [3]float64
	for b.Loop() {
		for i := range files {
			took := analysisTime(b, files[i], opt).Seconds() * 1e9 / float64(packets[i])
			if perPacket[i] == 0 || took < perPacket[i] {
				perPacket[i] = took
			}
		}
	}
	for i, name := range []string{"ns/packet-n", "ns/packet-4n", "ns/packet-16n"} {
		b.ReportMetric(perPacket[i], name)
	}
	b.ReportMetric(perPacket[2]/perPacket[0], "16n/n")
}

func analysisTime(b *testing.B, file []byte, opt analyzer.Options) time.Duration {
	src, err := capture.OpenReader("trace", bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if _, err := analyzer.Analyze(context.Background(), []capture.Source{src}, opt); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
