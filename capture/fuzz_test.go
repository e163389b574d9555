package capture

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReader: whatever the bytes, reading ends, each packet is sound, and no
// more is delivered than there was.
func FuzzReader(f *testing.F) {
	f.Add(sample())
	f.Add(record(be, pcapHead{magic: 0xa1b23c4d, major: 2, minor: 3}.bytes(be), 1, 0, "abc"))
	f.Add(append(words(le, pcapHead{magic: 0xa1b2cd34}.bytes(le), 1, 7, 3, 60, 2, 0), "abc"...))
	ng := idb(le, shb(le, nil, opt{1, []byte("comment")}), 1, 4, opt{9, []byte{0xc0}}, opt{14, u64(le, math.MaxUint64)})
	ng = epb(le, ng, 0, math.MaxUint64, "abc", opt{1, []byte("comment")}, opt{4, u64(le, 3)})
	ng = block(le, ng, 3, append(words(le, nil, 9), "abcd"...))
	ng = block(le, ng, 2, append(words(le, nil, 0, 0, 9, 4, 60), "abcd"...))
	ng = block(le, ng, 5, options(le, words(le, nil, 0, 0, 0), opt{5, u64(le, 1)}))
	ng = block(le, ng, 99, []byte("passed over"))
	ng = epb(be, idb(be, shb(be, ng), 276, 0), 0, 1, "abc")
	f.Add(ng)
	whose := dpib(be, pib(be, idb(be, shb(be, nil), 1, 0), 7, opt{2, []byte("a")}, opt{9, u64(le, 5)}), 8, opt{2, []byte("b")})
	whose = epb(be, whose, 0, 1, "abc", opt{0x8001, words(be, nil, 1)}, opt{0x8003, words(be, nil, 0)})
	f.Add(epb(be, epb(be, whose, 0, 2, "abc", opt{8, words(be, nil, 7, 0)}), 0, 3, "abc", opt{1, []byte("PID: 9\nCmd: /bin/c")}))
	f.Add(gzipped(f, sample()))
	for kind := range packedSamples {
		f.Add(packedSample(f, kind))
	}
	f.Add(zstded(f, ng))
	files, _ := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	for _, file := range files {
		if st, err := os.Stat(file); err != nil || st.Size() > 4<<10 {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := OpenReader("fuzz", bytes.NewReader(b))
		if err != nil {
			return
		}
		defer s.Close()
		compressed := len(b) > 4 && identify(b) != "pcap" && identify(b) != "pcapng"
		var p Packet
		octets, n, last := 0, uint64(0), uint64(0)
		// Compressed data may be long without end, for fuzzing at least.
		for n < 100_000 {
			if err = s.Next(&p); err != nil {
				break
			}
			n++
			octets += len(p.Data)
			// Blocks that are no packets may take numbers too.
			if p.Number <= last || p.Number-n > uint64(len(b)/12) && !compressed || p.Length < len(p.Data) || cap(p.Data) != len(p.Data) || p.Interface < 0 {
				t.Fatalf("%+v", p)
			}
			last = p.Number
			if !compressed && octets > len(b) {
				t.Fatalf("%d octets delivered of %d", octets, len(b))
			}
		}
		if info := s.Info()[0]; info.Packets != n || len(info.Comments) > maxNotes || info.Read > int64(len(b)) {
			t.Fatalf("%+v", info)
		}
	})
}
