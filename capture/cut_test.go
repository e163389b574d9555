package capture

import (
	"bytes"
	"io"
	"runtime"
	"testing"
)

// A file is cut at every byte: all packets that are whole are delivered, and
// the error names where the first that is not begins. Cut between two records
// it is just a shorter file.
func TestCutAtEveryByte(t *testing.T) {
	type mark struct {
		packets int // whole ones before this offset
		offset  int // where a record begins
	}
	pcap := pcapHead{}.bytes(le)
	marks := []mark{{0, len(pcap)}}
	for i, data := range []string{"first", "", "third packet"} {
		pcap = record(le, pcap, uint32(i), 0, data)
		marks = append(marks, mark{i + 1, len(pcap)})
	}
	ng := shb(le, nil, opt{1, []byte("comment")})
	ngMarks := []mark{{0, len(ng)}}
	add := func(packets int, b []byte) {
		ng = b
		ngMarks = append(ngMarks, mark{packets, len(ng)})
	}
	add(0, idb(le, ng, 1, 0, opt{2, []byte("eth0")}))
	add(1, epb(le, ng, 0, 1, "first"))
	add(1, block(le, ng, 99, []byte("passed over")))
	add(2, epb(le, ng, 0, 2, "second", opt{1, []byte("comment")}))
	add(3, block(le, ng, 3, append(words(le, nil, 6), "simple"...)))
	add(3, block(le, ng, 5, options(le, words(le, nil, 0, 0, 0), opt{5, u64(le, 1)})))

	for _, test := range []struct {
		name  string
		file  []byte
		marks []mark
	}{{"pcap", pcap, marks}, {"pcapng", ng, ngMarks}} {
		t.Run(test.name, func(t *testing.T) {
			for n := 4; n <= len(test.file); n++ {
				list, _, err := readAll(test.file[:n])
				var last mark
				for _, m := range test.marks {
					if m.offset <= n {
						last = m
					}
				}
				if len(list) != last.packets {
					t.Errorf("cut at %d: %d packets, want %d", n, len(list), last.packets)
				}
				if n == last.offset {
					if err != nil {
						t.Errorf("cut at %d, between records: %v", n, err)
					}
					continue
				}
				cut := asCut(t, err)
				if cut.Damaged || cut.Offset != int64(last.offset) || cut.Packet != uint64(last.packets+1) {
					t.Errorf("cut at %d: %+v, want offset %d, packet %d", n, cut, last.offset, last.packets+1)
				}
			}
		})
	}
}

// How reading ended stays so.
func TestEndStays(t *testing.T) {
	whole := record(le, pcapHead{}.bytes(le), 1, 0, "abc")
	for _, file := range [][]byte{whole, whole[:len(whole)-1], append(whole[:len(whole):len(whole)], words(le, nil, 0, 0, 1<<30, 1)...)} {
		s, err := OpenReader("test", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for err == nil {
			err = s.Next(&p)
		}
		for range 3 {
			if again := s.Next(&p); again != err {
				t.Errorf("%v, then %v", err, again)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Next(&p); err == nil || err == io.EOF {
			t.Errorf("after Close: %v", err)
		}
	}
}

// An error of the input below is not taken for an end.
func TestReadError(t *testing.T) {
	whole := record(le, pcapHead{}.bytes(le), 1, 0, "abc")
	s, err := OpenReader("test", io.MultiReader(bytes.NewReader(whole), failing{}))
	if err != nil {
		t.Fatal(err)
	}
	list, err := drain(s)
	if cut := asCut(t, err); len(list) != 1 || cut.Err != errFailing || cut.Damaged {
		t.Errorf("%d packets, %+v", len(list), cut)
	}
	if _, err := OpenReader("test", failing{}); err == nil {
		t.Error("opened an input that cannot be read")
	}
}

// A reader that never delivers anything must not hang its caller.
func TestReadNothing(t *testing.T) {
	whole := record(le, pcapHead{}.bytes(le), 1, 0, "abc")
	s, err := OpenReader("test", io.MultiReader(bytes.NewReader(whole), nothing{}))
	if err != nil {
		t.Fatal(err)
	}
	list, err := drain(s)
	if cut := asCut(t, err); len(list) != 1 || cut.Err != io.ErrNoProgress {
		t.Errorf("%d packets, %+v", len(list), cut)
	}
}

type failing struct{}

var errFailing = io.ErrClosedPipe

func (failing) Read([]byte) (int, error) { return 0, errFailing }

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// A file of a few bytes cannot ask for memory, whatever it claims.
func TestClaimsAreNotAllocated(t *testing.T) {
	claims := [][]byte{
		words(le, pcapHead{snapLen: 1 << 31}.bytes(le), 0, 0, maxCaptured, maxCaptured),
		words(le, idb(le, shb(le, nil), 1, 0), 6, maxBlock, 0, 0, 0, maxBlock-32, 1),
		words(le, idb(le, shb(le, nil), 1, 0), 99, 0xfffffffc),
		words(le, nil, 0x0a0d0d0a, maxBlock, 0x1a2b3c4d, 1),
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range claims {
		_, _, err := readAll(c)
		asCut(t, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(len(claims))*4*windowSize {
		t.Errorf("%d bytes allocated for %d small files", n, len(claims))
	}
}

func TestNoAllocationPerPacket(t *testing.T) {
	pcap := pcapHead{}.bytes(le)
	ng := idb(le, shb(le, nil), 1, 0)
	for range 3000 {
		pcap = record(le, pcap, 1, 0, "some data")
		ng = epb(le, ng, 0, 1, "some data", opt{2, []byte{0, 0, 0, 1}})
	}
	for name, file := range map[string][]byte{"pcap": pcap, "pcapng": ng} {
		s, err := OpenReader(name, bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		if n := testing.AllocsPerRun(2000, func() {
			if err := s.Next(&p); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
}

// The file path works in the caller's goroutine.
func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	plain := record(le, pcapHead{}.bytes(le), 1, 0, "abc")
	for name, file := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain), "zstd": zstded(t, plain),
		"bzip2": packedSample(t, "bzip2"), "lz4": packedSample(t, "lz4"), "xz": packedSample(t, "xz")} {
		s, err := OpenReader(name, bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		if err := s.Next(&p); err != nil {
			t.Fatal(err)
		}
		if now := runtime.NumGoroutine(); now > before {
			t.Errorf("%s: %d goroutines started", name, now-before)
		}
		s.Close()
	}
}
