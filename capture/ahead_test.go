package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// longRecords is a capture whose records are of any length, some longer than what is read
// at once.
func longRecords(t *testing.T, rng *rand.Rand, pcapng bool) []byte {
	t.Helper()
	o := binary.LittleEndian
	b := pcapHead{}.bytes(o)
	if pcapng {
		b = idb(o, shb(o, nil), 1, 0)
	}
	text := strings.Repeat("0123456789abcdef", 1<<16)
	for i := range 60 {
		n := rng.IntN(2000)
		switch rng.IntN(8) {
		case 0:
			n = rng.IntN(maxCaptured)
		case 1:
			n = room - 40 + rng.IntN(80)
		case 2:
			if pcapng {
				n = rng.IntN(len(text))
			}
		}
		at := rng.IntN(len(text) - n + 1)
		if pcapng {
			b = epb(o, b, 0, uint64(i), text[at:at+n])
		} else {
			b = record(o, b, uint32(i), 0, text[at:at+n])
		}
	}
	return b
}

// What is read ahead is what is read as it is wanted, the errors and where they are told
// to be included.
func TestReadAhead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	read := func(r io.Reader, ahead bool) (list []got, info Info, err error) {
		s, err := openReader("x", r, windowSize, 0)
		if err != nil {
			return nil, Info{}, err
		}
		if ahead {
			s.common().readAhead()
		}
		list, err = drain(s)
		info = s.Info()[0]
		info.Read = 0
		if closing := s.Close(); closing != nil {
			t.Error(closing)
		}
		s.Close()
		return list, info, err
	}
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	for i := range rounds {
		file := longRecords(t, rng, i%2 == 0)
		switch i % 5 {
		case 1:
			file = file[:rng.IntN(len(file))]
		case 2:
			file[rng.IntN(len(file))] ^= 0xff
		case 3:
			file = gzipped(t, file)
		case 4:
			file = zstded(t, file)
			file = file[:len(file)-rng.IntN(100)]
		}
		readers := map[string]func(io.Reader) io.Reader{
			"whole":  func(r io.Reader) io.Reader { return r },
			"halves": iotest.HalfReader,
			"at end": iotest.DataErrReader,
			"fails":  func(r io.Reader) io.Reader { return io.MultiReader(r, failing{}) },
			"idles":  func(r io.Reader) io.Reader { return io.MultiReader(r, nothing{}) },
		}
		if i%5 > 2 {
			delete(readers, "idles") // decompressors would wait for ever
		}
		for name, wrap := range readers {
			list, info, err := read(wrap(bytes.NewReader(file)), false)
			aList, aInfo, aErr := read(wrap(bytes.NewReader(file)), true)
			if !reflect.DeepEqual(list, aList) {
				t.Errorf("%d, %s: %d packets, read ahead %d or others", i, name, len(list), len(aList))
			}
			if !reflect.DeepEqual(info, aInfo) || !reflect.DeepEqual(err, aErr) {
				t.Errorf("%d, %s: %+v, %v\nread ahead: %+v, %v", i, name, info, err, aInfo, aErr)
			}
		}
	}
}

// A file that shrinks while it is read is one that was cut short.
func TestReadAheadOfShrinkingFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "shrinks")
	b := pcapHead{}.bytes(binary.LittleEndian)
	for i := range 3 * leastAhead / 1000 {
		b = record(binary.LittleEndian, b, uint32(i), 0, strings.Repeat("x", 1000))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var p Packet
	for range 10 {
		if err := s.Next(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(name, int64(len(b)/2+3)); err != nil {
		t.Skip(err)
	}
	n := 10
	for ; err == nil; n++ {
		err = s.Next(&p)
	}
	var cut *CutError
	if !errors.As(err, &cut) || cut.Packet != uint64(n) {
		t.Errorf("after %d packets: %v", n-1, err)
	}
}

// Whoever closes a source early leaves nothing running.
func TestReadAheadEnds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "long")
	b := pcapHead{}.bytes(binary.LittleEndian)
	for i := range 2 * leastAhead / 1000 {
		b = record(binary.LittleEndian, b, uint32(i), 0, strings.Repeat("x", 1000))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for i := range 50 {
		s, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for range i * 100 {
			if err := s.Next(&p); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Next(&p); err != errClosed {
			t.Fatalf("after Close: %v", err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
