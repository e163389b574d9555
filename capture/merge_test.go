package capture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files writes captures whose packets hold their own time, in microseconds.
func files(t *testing.T, times ...[]uint32) []string {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, list := range times {
		b := pcapHead{}.bytes(le)
		for _, usec := range list {
			b = record(le, b, 0, usec, fmt.Sprint(usec))
		}
		name := filepath.Join(dir, fmt.Sprintf("%d.pcap", i))
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// inOrder reads a source into "file:number=data", one word a packet.
func inOrder(s Source) (string, error) {
	list, err := drain(s)
	var words []string
	for _, p := range list {
		words = append(words, fmt.Sprintf("%d:%d=%s", p.source, p.number, p.data))
	}
	return strings.Join(words, " "), err
}

func TestMerge(t *testing.T) {
	tests := []struct {
		name  string
		files [][]uint32
		want  string
	}{
		{"interleaved", [][]uint32{{1, 4, 5}, {2, 3, 6}}, "0:1=1 1:1=2 1:2=3 0:2=4 0:3=5 1:3=6"},
		{"one after the other, named in the wrong order", [][]uint32{{7, 8}, {1, 2}}, "1:1=1 1:2=2 0:1=7 0:2=8"},
		{"the same time comes in the order of the files", [][]uint32{{5, 5}, {5}, {4, 5}}, "2:1=4 0:1=5 0:2=5 1:1=5 2:2=5"},
		{"time runs backwards within a file", [][]uint32{{5, 2, 6}, {3, 7}}, "1:1=3 0:1=5 0:2=2 0:3=6 1:2=7"},
		{"a file without packets", [][]uint32{{}, {1}, {}}, "1:1=1"},
		{"one file", [][]uint32{{3, 1}}, "0:1=3 0:2=1"},
		{"no packets at all", [][]uint32{{}, {}}, ""},
	}
	for _, test := range tests {
		s, err := OpenFiles(files(t, test.files...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := inOrder(s)
		if got != test.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", test.name, got, err, test.want)
		}
		infos := s.Info()
		if len(infos) != len(test.files) {
			t.Fatalf("%s: %d infos", test.name, len(infos))
		}
		for i, info := range infos {
			if info.Packets != uint64(len(test.files[i])) {
				t.Errorf("%s: file %d has %d packets", test.name, i, info.Packets)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A packet's data stays valid until the next call, though others wait.
func TestMergeKeepsData(t *testing.T) {
	s, err := OpenFiles(files(t, []uint32{1, 3}, []uint32{2, 4}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var p Packet
	for want := range 4 {
		if err := s.Next(&p); err != nil {
			t.Fatal(err)
		}
		s.Info()
		if string(p.Data) != fmt.Sprint(want+1) {
			t.Errorf("packet %d holds %q", want+1, p.Data)
		}
	}
}

// A cut file does not keep the others from being read; it is reported last.
func TestMergeCut(t *testing.T) {
	names := files(t, []uint32{1, 4}, []uint32{2, 3, 5}, []uint32{6})
	for _, i := range []int{0, 1} {
		b, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(names[i], b[:len(b)-1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenFiles(names)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := inOrder(s)
	if want := "0:1=1 1:1=2 1:2=3 2:1=6"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	asCut(t, err)
	for _, i := range []int{0, 1} {
		if !strings.Contains(err.Error(), names[i]) {
			t.Errorf("%v does not name %s", err, names[i])
		}
		if s.Info()[i].Cut == "" {
			t.Errorf("info of file %d does not tell", i)
		}
	}
}

func TestMergeOpenFails(t *testing.T) {
	names := files(t, []uint32{1}, []uint32{2})
	if err := os.WriteFile(names[1], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFiles(names); !errors.Is(err, ErrEmpty) {
		t.Errorf("%v, want ErrEmpty", err)
	}
}
