package capture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// allocatedBy returns the octets that f allocates, also those freed again.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// count reads packets without keeping them.
func count(t *testing.T, file []byte) (n uint64, err error) {
	t.Helper()
	s, err := OpenReader("test", bytes.NewReader(file))
	if err != nil {
		return 0, err
	}
	defer s.Close()
	var p Packet
	for err == nil {
		if err = s.Next(&p); err == nil {
			n++
		}
	}
	return n, err
}

// A small compressed file can hold any number of packets: empty records, which
// are sixteen zeros each. They pass through without being gathered anywhere.
func TestBombs(t *testing.T) {
	const packets = 4 << 20
	pack := func(w io.WriteCloser) {
		w.Write(pcapHead{}.bytes(le))
		zeros := make([]byte, 1<<20)
		for range packets / (1 << 16) {
			w.Write(zeros)
		}
		w.Close()
	}
	var gz, zs bytes.Buffer
	pack(gzip.NewWriter(&gz))
	z, err := zstd.NewWriter(&zs, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	pack(z)
	for name, file := range map[string][]byte{"gzip": gz.Bytes(), "zstd": zs.Bytes()} {
		var n uint64
		took := allocatedBy(func() { n, err = count(t, file) })
		if n != packets || err != io.EOF {
			t.Errorf("%s: %d packets, %v", name, n, err)
		}
		if len(file) > 200<<10 || took > 32<<20 {
			t.Errorf("%s: %d octets for %d of file", name, took, len(file))
		}
	}
}

// A zstd frame may claim a window of any size; a few octets do not get it.
func TestZstdWindowClaims(t *testing.T) {
	magic := words(le, nil, 0xfd2fb528)
	for exponent := range 32 { // of the window descriptor: 1 KiB to 2 TiB
		for _, rest := range [][]byte{{}, {1, 0, 0}, {3, 0, 0, 'x'}, {2, 0, 0, 0, 0}, {0xfb, 0xff, 0xff, 'x'}} {
			file := append(append(bytes.Clone(magic), 0, byte(exponent<<3)), rest...)
			if took := allocatedBy(func() { count(t, file) }); took > 2*maxZstdWindow {
				t.Errorf("window 2^%d, blocks % x: %d octets", exponent+10, rest, took)
			}
		}
	}
	for _, size := range []uint64{1 << 10, 1 << 27, 1 << 40, 1<<64 - 1} { // content sizes in a single segment
		file := append(append(bytes.Clone(magic), 0xe0), u64(le, size)...)
		if took := allocatedBy(func() { count(t, append(file, 1, 0, 0)) }); took > 2*maxZstdWindow {
			t.Errorf("content of %d: %d octets", size, took)
		}
	}
}

// An xz block may claim a dictionary of up to 4 GiB; it is refused, not made.
func TestXzDictionaryClaims(t *testing.T) {
	const header, dictionary = 12, 16 // offsets of the block's header, and of the size's code in it
	for code := range byte(41) {
		file := packedSample(t, "xz")
		file[dictionary] = code
		size := (int(file[header]) + 1) * 4
		binary.LittleEndian.PutUint32(file[header+size-4:], crc32.ChecksumIEEE(file[header:header+size-4]))
		var n uint64
		var err error
		took := allocatedBy(func() { n, err = count(t, file) })
		if took > 2*maxXzDictionary {
			t.Errorf("dictionary size %d: %d bytes", code, took)
		}
		const most = 28 // 64 MiB
		if read := n == 3 && err == io.EOF; read != (code <= most) {
			t.Errorf("dictionary size %d: %d packets, %v", code, n, err)
		}
	}
}

// Options of length 0 in a row as long as a block can be, on every kind of block
// that has options: each is looked at once.
func TestEndlessOptions(t *testing.T) {
	many := bytes.Repeat([]byte{1, 0, 0, 0}, maxBlock/4-64) // comments of no length
	body := func(head []byte) []byte { return append(head, many...) }
	b := shb(le, nil)
	b = block(le, b, 1, body(words(le, nil, 1, 0)))
	b = block(le, b, 6, body(append(words(le, nil, 0, 0, 1, 3, 3), "abc\x00"...)))
	b = block(le, b, 5, body(words(le, nil, 0, 0, 0)))
	b = epb(le, b, 0, 2, "end")
	start := time.Now()
	var list []got
	var info Info
	took := allocatedBy(func() { list, info = mustRead(t, b) })
	if len(list) != 2 || list[1].data != "end" || len(list[0].comment) > maxComment {
		t.Errorf("%d packets, a comment of %d octets", len(list), len(list[0].comment))
	}
	if len(info.Comments) > maxNotes || took > 8*maxBlock {
		t.Errorf("%d comments, %d octets allocated", len(info.Comments), took)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("%v for %d octets", d, len(b))
	}
}

// Interfaces without end, in sections that each keep within bounds.
func TestInterfacesWithoutEnd(t *testing.T) {
	var b []byte
	for range 20 {
		b = shb(le, b)
		for range 50_000 {
			b = idb(le, b, 1, 0, opt{2, []byte("eth0")})
		}
		b = epb(le, b, 49_999, 1, "a")
	}
	var n uint64
	var err error
	took := allocatedBy(func() { n, err = count(t, b) })
	if n != 20 || err != io.EOF || took > 64<<20 {
		t.Errorf("%d packets, %v, %d octets allocated", n, err, took)
	}
}
