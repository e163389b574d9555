package capture

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRead reads files of 100,000 packets, short ones and long ones in
// turn as in a short HTTP connection: 350 octets on average.
func BenchmarkRead(b *testing.B) {
	const packets = 100_000
	short, long := strings.Repeat("s", 66), strings.Repeat("l", 634)
	pcap := pcapHead{}.bytes(le)
	ng := idb(le, shb(le, nil), 1, 0)
	for i := range packets {
		data := short
		if i%2 == 1 {
			data = long
		}
		pcap = record(le, pcap, uint32(i), 0, data)
		ng = epb(le, ng, 0, uint64(i), data)
	}
	dir := b.TempDir()
	for _, file := range []struct {
		name string
		data []byte
	}{{"pcap", pcap}, {"pcapng", ng}, {"pcap.gz", gzipped(b, pcap)}, {"pcap.zst", zstded(b, pcap)}} {
		name := filepath.Join(dir, file.name)
		if err := os.WriteFile(name, file.data, 0o600); err != nil {
			b.Fatal(err)
		}
		read := func(b *testing.B, open func() (Source, error), want int) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := open()
				if err != nil {
					b.Fatal(err)
				}
				var p Packet
				n := 0
				for err = s.Next(&p); err == nil; err = s.Next(&p) {
					n++
				}
				if err != io.EOF || n != want {
					b.Fatal(n, err)
				}
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(want), "ns/packet")
		}
		b.Run(file.name, func(b *testing.B) {
			read(b, func() (Source, error) { return Open(name) }, packets)
		})
		if file.name == "pcap" {
			b.Run("pcap in memory", func(b *testing.B) {
				read(b, func() (Source, error) { return OpenReader(name, bytes.NewReader(file.data)) }, packets)
			})
			b.Run("pcap four times, merged", func(b *testing.B) {
				read(b, func() (Source, error) { return OpenFiles([]string{name, name, name, name}) }, 4*packets)
			})
		}
	}
}
