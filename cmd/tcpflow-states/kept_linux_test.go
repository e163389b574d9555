//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// smallDisk mounts a file system with room for so many KiB.
func smallDisk(t *testing.T, kib int) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

// TestKeptFileFull fills the disk under -w, makes room and fills it again: the file is
// whole, and what is not in it was counted and told.
func TestKeptFileFull(t *testing.T) {
	dir := smallDisk(t, 512)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "kept.pcapng")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	k := &keptFile{file: file, tell: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	w, err := capture.NewWriter(k, capture.Merge())
	if err != nil {
		t.Fatal(err)
	}
	const packets = 4000
	for i := range packets {
		p := capture.Packet{Data: make([]byte, 100+i%900), Length: 1000, LinkType: 1, Interface: i / 1000, Number: uint64(i + 1)}
		copy(p.Data, fmt.Sprintf("packet %d", i))
		if err := w.Write(&p); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if i == packets/2 { // one more interface has come while nothing fitted
			os.Remove(ballast)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	err = k.Close()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "packets were left out") || k.missing == 0 {
		t.Errorf("%v, %d missing", err, k.missing)
	}
	if len(told) != 3 || !strings.Contains(told[1], "room") {
		t.Errorf("told %q", told)
	}
	s, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var p capture.Packet
	var n uint64
	for s.Next(&p) == nil {
		n++
		var i int
		if _, err := fmt.Sscanf(string(p.Data[:20]), "packet %d", &i); err != nil || len(p.Data) != 100+i%900 {
			t.Fatalf("packet %d holds %.20q", n, p.Data)
		}
	}
	if info := s.Info()[0]; !info.Ended || n+k.missing != packets || n < 200 {
		t.Errorf("%d packets in the file, %d missing, %+v", n, k.missing, info)
	}
}
