package capture

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// packedSamples are sample, as the commands bzip2 1.0.8, lz4 1.10.0 and xz 5.8.1
// write it.
var packedSamples = map[string]string{
	"bzip2": "425a6839314159265359c3ca177a000025c19e7f800f619c002000100008000400200054506869a0d0620d32241a0365" +
		"01778786b0c924500d05ac5809ad9c0bdc2048dfb9a8d718a9f3a8231456dfc5dc914e142430f285de80",
	"lz4": "04224d186440a74100000086d4c3b2a102000400010051040001000004000002001305040060666972737402120043000000" +
		"060400717365636f6e640314000227009005000000746869726400000000d3be47e9",
	"xz": "fd377a585a000004e6d6b4460200210116000000742fe5a3e00057002f5d006a30d1c87d8bf8099baf1fcc790262f4d184" +
		"368e734a32a11f11ac1079c7694490e2f7b97dad72e9f15c592cd89e730000f7c0e45677f9c89700014b5823fabb561fb6f37d" +
		"010000000004595a",
}

func packedSample(t testing.TB, kind string) []byte {
	t.Helper()
	b, err := hex.DecodeString(packedSamples[kind])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sample is a capture of three packets.
func sample() []byte {
	b := pcapHead{}.bytes(le)
	for i, data := range []string{"first", "second", "third"} {
		b = record(le, b, uint32(i+1), 0, data)
	}
	return b
}

func TestCompressed(t *testing.T) {
	plain := sample()
	want, _ := mustRead(t, plain)
	ng := epb(le, idb(le, shb(le, nil), 1, 0), 0, 1, "abc")
	skippable := words(le, nil, 0x184d2a53, 4, 0)
	tests := []struct {
		name, format string
		file         []byte
		packets      int
	}{
		{"gzip", "pcap+gzip", gzipped(t, plain), 3},
		{"gzip of concatenated members", "pcap+gzip", append(gzipped(t, plain[:31]), gzipped(t, plain[31:])...), 3},
		{"zstd", "pcap+zstd", zstded(t, plain), 3},
		{"zstd of concatenated frames", "pcap+zstd", append(zstded(t, plain[:31]), zstded(t, plain[31:])...), 3},
		{"zstd that begins with a skippable frame", "pcap+zstd", append(skippable, zstded(t, plain)...), 3},
		{"gzip in zstd", "pcap+gzip+zstd", zstded(t, gzipped(t, plain)), 3},
		{"bzip2", "pcap+bzip2", packedSample(t, "bzip2"), 3},
		{"lz4", "pcap+lz4", packedSample(t, "lz4"), 3},
		{"xz", "pcap+xz", packedSample(t, "xz"), 3},
		{"xz in gzip", "pcap+xz+gzip", gzipped(t, packedSample(t, "xz")), 3},
		{"pcapng in gzip", "pcapng+gzip", gzipped(t, ng), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, info := mustRead(t, test.file)
			if info.Format != test.format || len(list) != test.packets {
				t.Fatalf("%d packets, %+v", len(list), info)
			}
			if test.packets == 3 && !slices.Equal(list, want) {
				t.Errorf("got  %+v\nwant %+v", list, want)
			}
			if info.Read != int64(len(test.file)) {
				t.Errorf("%d bytes read of %d", info.Read, len(test.file))
			}
		})
	}
	_, _, err := readAll(gzipped(t, gzipped(t, gzipped(t, plain))))
	if !errors.Is(err, ErrCompression) {
		t.Errorf("compressed three times: %v, want ErrCompression", err)
	}
}

// Compressed data that is cut short is not a clean end, even where the last
// packet came out whole; and wrong data is not taken for right.
func TestCompressedCut(t *testing.T) {
	plain := sample()
	for name, packed := range map[string][]byte{
		"gzip": gzipped(t, plain), "zstd": zstded(t, plain),
		"bzip2": packedSample(t, "bzip2"), "lz4": packedSample(t, "lz4"), "xz": packedSample(t, "xz"),
	} {
		for n := max(4, len(magicOf(name))); n < len(packed); n++ {
			_, _, err := readAll(packed[:n])
			if cut := asCut(t, err); cut.Damaged {
				t.Errorf("%s cut at %d of %d is called damaged: %v", name, n, len(packed), cut)
			}
		}
		wrong := slices.Clone(packed)
		wrong[len(wrong)-6] ^= 0xff
		if _, _, err := readAll(wrong); err == nil {
			t.Errorf("%s with a byte changed was read", name)
		} else {
			asCut(t, err)
		}
	}
	// All that a cut stream still holds is delivered.
	long := pcapHead{}.bytes(le)
	for range 20000 {
		long = record(le, long, 1, 0, "some data to be compressed")
	}
	packed := gzipped(t, long)
	list, info, err := readAll(packed[:len(packed)-9])
	if cut := asCut(t, err); len(list) < 19000 || cut.Inside != "gzip" || info.Cut == "" {
		t.Errorf("%d packets, %+v", len(list), cut)
	}
	list, _, err = readAll(append(packed, "garbage behind the stream"...))
	if asCut(t, err); len(list) != 20000 {
		t.Errorf("%d packets", len(list))
	}
}

// magicOf returns what a file that holds name begins with.
func magicOf(name string) string {
	for _, m := range magics {
		if m.name == name {
			return m.prefix
		}
	}
	return ""
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name   string
		file   string
		kind   error
		detail string
		hint   string
	}{
		{"nothing", "", ErrEmpty, "", ""},
		{"text", "12:00:00.1 IP 10.0.0.1.80 > 10.0.0.2.4000: Flags [S]\n", ErrNotCapture, "text", "tcpdump -w"},
		{"a short text", "ab", ErrNotCapture, "text", ""},
		{"text that is not English", "früher und später, καλημέρα", ErrNotCapture, "text", ""},
		{"other bytes", "\x00\x01\x02\x03\x04\x05\x06\x07", ErrNotCapture, "00 01 02 03", ""},
		{"a byte", "\xd4", ErrNotCapture, "1 byte long", ""},
		{"lzip", "LZIP\x01\x0c", ErrCompression, "lzip", "lzip -dc FILE | tcpflow-states -"},
		{"zip", "PK\x03\x04\x14\x00", ErrCompression, "zip", "unzip -p"},
		{"snoop", "snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04", ErrFormat, "snoop", "editcap"},
		{"netmon", "GMBU\x00\x02\x01\x00", ErrFormat, "Network Monitor", "editcap"},
		{"ERF", "\x00\x00\x00\x80\x00\xf1\x53\x65\x02\x04\x00\x50\x00\x00\x00\x3c....", ErrFormat, "ERF", "editcap"},
		{"tar", strings.Repeat("\x00", 257) + "ustar\x00", ErrNotCapture, "tar", "tar -xf"},
	}
	for _, test := range tests {
		for _, packed := range []bool{false, true} {
			file := []byte(test.file)
			if packed {
				file = gzipped(t, file)
			}
			_, err := OpenReader("some file", bytes.NewReader(file))
			var input *InputError
			if !errors.As(err, &input) || !errors.Is(err, test.kind) {
				t.Errorf("%s: %v, want an InputError of kind %v", test.name, err, test.kind)
				continue
			}
			if !strings.Contains(input.Detail, test.detail) || !strings.Contains(input.Hint, test.hint) || input.Name != "some file" {
				t.Errorf("%s: %+v", test.name, input)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "misleading.txt")
	if err := os.WriteFile(name, gzipped(t, sample()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	list, err := drain(s)
	if err != nil || len(list) != 3 {
		t.Errorf("%d packets, %v", len(list), err)
	}
	if info := s.Info()[0]; info.Name != name || info.Size == 0 || info.Read != info.Size {
		t.Errorf("%+v", info)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrDirectory) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// From a pipe, each packet is delivered once its last byte has come: nothing
// waits for a buffer to fill.
func TestSlowPipe(t *testing.T) {
	ng := idb(le, shb(le, nil), 1, 0)
	for name, make := range map[string]struct {
		head []byte
		next []byte
	}{
		"pcap":   {pcapHead{}.bytes(be), record(be, nil, 1, 0, "some data")},
		"pcapng": {ng, epb(le, nil, 0, 1, "some data")},
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			w.Write(make.head)
			s, err := OpenReader("-", r)
			if err != nil {
				t.Fatal(err)
			}
			var p Packet
			for i := range 5 {
				// A byte at a time but for the last, from another goroutine: Next
				// has to put them together.
				go func() {
					for _, c := range make.next {
						w.Write([]byte{c})
					}
				}()
				done := time.AfterFunc(10*time.Second, func() { w.Close() })
				if err := s.Next(&p); err != nil {
					t.Fatalf("packet %d: %v", i+1, err)
				}
				if !done.Stop() || string(p.Data) != "some data" {
					t.Fatalf("packet %d: %q", i+1, p.Data)
				}
			}
		})
	}
}

// Packets come out right wherever reads happen to end and the buffer to wrap.
func TestOddReads(t *testing.T) {
	file := pcapHead{}.bytes(le)
	var want []string
	for i := range 2000 {
		data := strings.Repeat(string(rune('a'+i%26)), i%1500)
		want = append(want, data)
		file = record(le, file, uint32(i), 0, data)
	}
	for _, step := range []int{1, 7, 1460, 65536, windowSize - 1} {
		s, err := openReader("test", &stepping{file, step}, 512, 2000)
		if err != nil {
			t.Fatal(err)
		}
		list, err := drain(s)
		if err != nil || len(list) != len(want) {
			t.Fatalf("reads of %d: %d packets, %v", step, len(list), err)
		}
		for i, p := range list {
			if p.data != want[i] || p.number != uint64(i+1) {
				t.Fatalf("reads of %d: packet %d is wrong", step, i+1)
			}
		}
	}
}

// stepping delivers step bytes a read, and the error with the last of them.
type stepping struct {
	b    []byte
	step int
}

func (s *stepping) Read(p []byte) (int, error) {
	n := copy(p, s.b[:min(len(s.b), s.step)])
	s.b = s.b[n:]
	if len(s.b) == 0 {
		return n, io.EOF
	}
	return n, nil
}
