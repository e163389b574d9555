//go:build unix

package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fewDescriptors lets the process open only so many files more.
func fewDescriptors(t *testing.T, more uint64) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	now := before
	now.Cur = uint64(f.Fd()) + more // it has the lowest number that is free
	f.Close()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before) })
}

// manyFiles writes captures whose packets alternate, every third one compressed.
func manyFiles(t *testing.T, files, packets int) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range files {
		b := pcapHead{}.bytes(binary.LittleEndian)
		for k := range packets {
			text := fmt.Sprintf("%04d %04d ", k, i)
			b = record(binary.LittleEndian, b, uint32(k), uint32(i), text+strings.Repeat("x", 1000))
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		if i%3 == 0 {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			w.Write(b)
			w.Close()
			b = z.Bytes()
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// TestFewDescriptors merges more files than the process may have open.
func TestFewDescriptors(t *testing.T) {
	const files, packets = 120, 50
	names := manyFiles(t, files, packets)
	fewDescriptors(t, 20)
	s, err := OpenFiles(names)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for n := range files * packets {
		if err := s.Next(&p); err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		want := fmt.Sprintf("%04d %04d ", n/files, n%files)
		if !strings.HasPrefix(string(p.Data), want) || p.Source != n%files || len(p.Data) != 1010 {
			t.Fatalf("packet %d is %.10q of file %d, want %q", n, p.Data, p.Source, want)
		}
	}
	if err := s.Next(&p); err != io.EOF {
		t.Error(err)
	}
	for i, info := range s.Info() {
		if st, err := os.Stat(names[i]); err != nil || info.Read != st.Size() || info.Size != st.Size() || !info.Ended {
			t.Errorf("file %d: %+v", i, info)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if openFiles.Len() != 0 {
		t.Errorf("%d files are open", openFiles.Len())
	}
}

// TestReplacedWhileClosed puts another file in the place of one that had to be
// closed for others.
func TestReplacedWhileClosed(t *testing.T) {
	names := manyFiles(t, 3, 1000)
	s, err := Open(names[1])
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	openFiles.Lock()
	spare()
	openFiles.Unlock()
	if err := os.Rename(names[2], names[1]); err != nil {
		t.Fatal(err)
	}
	list, err := drain(s)
	var cut *CutError
	if !errors.As(err, &cut) || !strings.Contains(err.Error(), "replaced") || len(list) == 0 || len(list) == 1000 {
		t.Errorf("%d packets, %v", len(list), err)
	}
}
