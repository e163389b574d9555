package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// following is a source whose writer does something each time it has been read to its end.
type following struct {
	*followed
	notices []string
}

// follow follows name. Each time there is nothing more to read the next of steps is done;
// behind the last of them it is interrupted.
func follow(t *testing.T, name string, steps ...func()) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var f following
	s, err := Follow(ctx, name, func() {
		if len(steps) == 0 {
			cancel()
			return
		}
		steps[0]()
		steps = steps[1:]
	}, func(text string) { f.notices = append(f.notices, text) })
	if err != nil {
		t.Fatal(err)
	}
	f.followed = s.(*followed)
	f.pace = pace{}
	t.Cleanup(func() { f.Close(); cancel() })
	return &f
}

// text is all that a source says of its packets.
func text(s Source) (string, error) {
	var b strings.Builder
	var p Packet
	for {
		if err := s.Next(&p); err != nil {
			if err == io.EOF {
				err = nil
			}
			return b.String(), err
		}
		fmt.Fprintln(&b, p.Number, p.Time, p.Length, p.LinkType, p.Interface, p.Untimed, p.Comment, p.Data)
	}
}

func appendTo(t *testing.T, name string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFollowInPieces writes captures of each kind in random pieces and follows them: all
// packets come, as from the whole.
func TestFollowInPieces(t *testing.T) {
	var names []string
	filepath.WalkDir("../testdata/pcaps", func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.Contains(path, ".pcap")) {
			names = append(names, path)
		}
		return err
	})
	random := rand.New(rand.NewPCG(1, 2))
	formats := map[string]int{}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, name := range names[:min(len(names), 200)] {
		data, err := os.ReadFile(name)
		if err != nil || len(data) > 200_000 {
			continue
		}
		if i%2 == 0 {
			data = inAnotherForm(t, data, i/2)
		}
		whole, err := OpenReader(name, bytes.NewReader(data))
		if err != nil {
			continue
		}
		format := whole.Info()[0].Format
		want, err := text(whole)
		if err != nil {
			continue // it is cut, on purpose
		}
		formats[format]++
		growing := filepath.Join(t.TempDir(), "growing")
		appendTo(t, growing, nil)
		var steps []func()
		for len(data) > 0 {
			n := min(len(data), 1+random.IntN(1+random.IntN(1+2*len(data))))
			piece := data[:n]
			data = data[n:]
			steps = append(steps, func() { appendTo(t, growing, piece) })
		}
		f := follow(t, growing, steps...)
		if got, err := text(f); got != want || err != nil {
			t.Errorf("%s in %d pieces: %v\n%.2000s\nwant\n%.2000s", name, len(steps), err, got, want)
		}
		if info := f.Info(); len(info) != 1 || info[0].Format != format || info[0].Cut != "" || len(f.notices) > 0 {
			t.Errorf("%s: %+v, %q", name, info, f.notices)
		}
	}
	t.Log(formats)
	for _, format := range []string{"pcap", "pcapng", "pcap+gzip", "pcap+zstd", "pcap+lz4"} {
		if formats[format] == 0 {
			t.Errorf("no %s among %v", format, formats)
		}
	}
}

// inAnotherForm writes a capture as pcapng, or compresses it.
func inAnotherForm(t *testing.T, data []byte, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch n % 4 {
	case 0:
		w = gzip.NewWriter(&b)
	case 1:
		w, _ = zstd.NewWriter(&b)
	case 2:
		w = lz4.NewWriter(&b)
	default:
		s, err := OpenReader("", bytes.NewReader(data))
		if err != nil {
			return data
		}
		ng, err := NewWriter(&b, s)
		for p := (Packet{}); err == nil && s.Next(&p) == nil; {
			err = ng.Write(&p)
		}
		if err = errors.Join(err, ng.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// capturesOf writes captures whose packets hold their own time, in microseconds, and
// returns their bytes.
func capturesOf(t *testing.T, times ...[]uint32) (all [][]byte) {
	t.Helper()
	for _, name := range files(t, times...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// TestFollowRotated goes on with the files that tcpdump and dumpcap go on with.
func TestFollowRotated(t *testing.T) {
	const sec = 1_000_000
	c := capturesOf(t, []uint32{1 * sec, 3 * sec}, []uint32{3*sec - 10, 5 * sec}, []uint32{5 * sec, 9 * sec}, []uint32{10 * sec})
	for _, names := range []string{
		"x.pcap x.pcap1 x.pcap2 x.pcap3",
		"x.pcap x.pcap1 x.pcap2 x.pcap1", // a ring
		"x08 x09 x10 x11",
		"x_00001_20261128235958.pcapng x_00002_20261128235959.pcapng x_00003_20261129000001.pcapng x_00004_20261129000002.pcapng",
		"x-23:59:58.pcap x-23:59:59.pcap x-00:00:01.pcap x-00:00:02.pcap",
	} {
		list := strings.Fields(names)
		for _, what := range []string{list[0], "the folder", "the family"} {
			dir := t.TempDir()
			at := func(i int) string { return filepath.Join(dir, list[i]) }
			put := func(i int, data []byte) func() {
				return func() {
					if i == 3 && list[i] == list[1] && len(data) == pcapHeaderLen && data[0] == c[0][0] { // as tcpdump does, which writes it anew
						if err := os.WriteFile(at(i), nil, 0o600); err != nil {
							t.Fatal(err)
						}
					}
					appendTo(t, at(i), data)
				}
			}
			appendTo(t, filepath.Join(dir, "x-notes.txt"), []byte("no capture"))
			appendTo(t, filepath.Join(dir, "x.toml7"), []byte("nor this"))
			put(0, c[0][:50])()
			name := at(0)
			switch what {
			case "the folder":
				name = dir
			case "the family":
				put(0, c[0][50:70])()
				name = filepath.Join(dir, strings.NewReplacer("_00001_20261128235958", "", "08", "", "23:59:58", "%H:%M:%S").Replace(list[0]))
			}
			begin := []func(){put(0, c[0][50:])}
			if what == "the family" {
				begin = []func(){put(0, c[0][70:])}
			}
			f := follow(t, name, append(begin,
				put(1, c[1][:10]), put(1, c[1][10:30]), put(1, c[1][30:]),
				put(2, c[2]), put(3, c[3][:24]), func() {}, func() {}, put(3, c[3][24:]))...)
			got, err := inOrder(f)
			if want := "0:1=1000000 0:2=3000000 1:1=2999990 1:2=5000000 2:1=5000000 2:2=9000000 3:1=10000000"; got != want || err != nil {
				t.Errorf("%s, %s: %v, %v, want %v", names, what, got, err, want)
			}
			var sources []string
			for _, i := range f.Info() {
				sources = append(sources, filepath.Base(i.Name))
			}
			if strings.Join(sources, " ") != names || len(f.notices) > 0 {
				t.Errorf("%s, %s: read %q, said %q", names, what, sources, f.notices)
			}
		}
	}
}

// TestFollowWhatHappens: a file is truncated, replaced, deleted; another's time is past.
func TestFollowWhatHappens(t *testing.T) {
	const sec = 1_000_000
	c := capturesOf(t, []uint32{1 * sec, 3 * sec}, []uint32{30 * sec}, []uint32{2 * sec})
	for what, test := range map[string]struct {
		do     func(name string) error
		want   string
		notice string
	}{
		"truncated": {func(name string) error { return os.WriteFile(name, c[1][:24], 0o600) },
			"0:1=1000000 0:2=3000000 1:1=30000000", `"NAME" was truncated: it is read again from its beginning`},
		"replaced": {func(name string) error {
			return errors.Join(os.WriteFile(name+"new", c[1][:24], 0o600), os.Rename(name+"new", name))
		}, "0:1=1000000 0:2=3000000 1:1=30000000", `"NAME" was replaced: the new one is read when it has packets`},
		"deleted": {os.Remove, "0:1=1000000 0:2=3000000", `"NAME" was deleted or renamed: what is still written to it is read`},
		"renamed": {func(name string) error { return os.Rename(name, name+".1") },
			"0:1=1000000 0:2=3000000", `"NAME" was deleted or renamed: what is still written to it is read`},
		"another before it": {func(name string) error { return os.WriteFile(name+"7", c[2], 0o600) },
			"0:1=1000000 0:2=3000000", ""}, // within a second: taken up, or not
		"a copy of it": {func(name string) error { return os.WriteFile(name+"8", c[0], 0o600) }, "0:1=1000000 0:2=3000000", ""},
	} {
		name := filepath.Join(t.TempDir(), "x.pcap")
		appendTo(t, name, c[0])
		f := follow(t, name, func() {
			if err := test.do(name); err != nil {
				t.Fatal(err)
			}
		}, func() {}, func() {
			if strings.Contains(test.want, "30000000") {
				appendTo(t, name, c[1][24:])
			}
		}, func() {})
		got, err := inOrder(f)
		if what == "another before it" {
			test.want = "0:1=1000000 0:2=3000000 1:1=2000000"
		}
		var notices []string
		if test.notice != "" {
			notices = []string{strings.ReplaceAll(test.notice, "NAME", name)}
		}
		if got != test.want || err != nil || !slices.Equal(f.notices, notices) {
			t.Errorf("%s: %v, %v, want %v; said %q", what, got, err, test.want, f.notices)
		}
	}

	// What begins long before is another capture's.
	name := filepath.Join(t.TempDir(), "x.pcap")
	appendTo(t, name, c[1])
	f := follow(t, name, func() { appendTo(t, name+"1", c[2]) }, func() {}, func() {})
	if got, err := inOrder(f); got != "0:1=30000000" || err != nil ||
		!slices.Equal(f.notices, []string{fmt.Sprintf("%q is left out: it begins before what has been read", name+"1")}) {
		t.Errorf("%v, %v, %q", got, err, f.notices)
	}
}

// TestFollowErrors: what cannot be followed is refused, or ends the reading.
func TestFollowErrors(t *testing.T) {
	dir := t.TempDir()
	none := func() {}
	say := func(string) {}
	for name, want := range map[string]error{"absent.pcap": fs.ErrNotExist, "text": ErrNotCapture} {
		if name == "text" {
			appendTo(t, filepath.Join(dir, name), []byte(strings.Repeat("some text\n", 10)))
		}
		if _, err := Follow(t.Context(), filepath.Join(dir, name), none, say); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Follow(t.Context(), os.DevNull, none, say); !errors.Is(err, ErrNotCapture) {
		t.Errorf("a device: %v", err)
	}

	c := capturesOf(t, []uint32{1}, []uint32{2})
	later := filepath.Join(dir, "later")
	appendTo(t, later, nil)
	f := follow(t, later, func() { appendTo(t, later, []byte("no capture at all")) })
	if got, err := inOrder(f); got != "" || !errors.Is(err, ErrNotCapture) {
		t.Errorf("text in an empty file: %q, %v", got, err)
	}
	half := filepath.Join(dir, "half")
	appendTo(t, half, c[0][:len(c[0])-1])
	f = follow(t, half)
	if got, err := inOrder(f); got != "" || err != nil || f.Info()[0].Cut != "" {
		t.Errorf("interrupted in a record: %q, %v", got, err)
	}
	rotated := filepath.Join(dir, "rotated")
	appendTo(t, rotated, c[0][:len(c[0])-1])
	f = follow(t, rotated, func() { appendTo(t, rotated+"1", c[1]) }, none, none)
	f.file.began = time.Unix(0, 0)
	got, err := inOrder(f)
	var cut *CutError
	if want := "1:1=2"; got != want || !errors.As(err, &cut) || f.Info()[0].Cut == "" {
		t.Errorf("rotated in a record: %q, %v, %+v", got, err, f.Info())
	}

	big := filepath.Join(dir, "big")
	appendTo(t, big, c[0])
	f = follow(t, big)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.ctx = ctx
	if _, err := inOrder(f); !errors.Is(err, ErrInterrupted) {
		t.Errorf("interrupted before all was read: %v", err)
	}
}

// TestFollowFolderOfMany: where there are very many files, a new one is found at once all the
// same.
func TestFollowFolderOfMany(t *testing.T) {
	dir := t.TempDir()
	c := capturesOf(t, []uint32{1}, []uint32{2})
	for i := range 2 * mostRestat {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("other-%d", i)), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := follow(t, dir, func() {}, func() { appendTo(t, filepath.Join(dir, "a.pcap"), c[0]) }, func() {}, func() {
		appendTo(t, filepath.Join(dir, "b.pcap"), c[1])
	}, func() {})
	if got, err := inOrder(f); got != "0:1=1 1:1=2" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
