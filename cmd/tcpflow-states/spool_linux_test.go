package main

import (
	"encoding/binary"
	"os"
	"syscall"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestSpoolOnFullDisk stays within what there is room for, and keeps the latest packets.
func TestSpoolOnFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("must be root, to mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skip("skipped: ", err)
	}
	defer syscall.Unmount(dir, 0)
	s, err := newSpool(dir, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	p := capture.Packet{Data: make([]byte, 1000)}
	first := uint64(1)
	take := func() {
		var got capture.Packet
		if _, err := s.take(&got); err != nil || got.Number != first || binary.LittleEndian.Uint64(got.Data) != first {
			t.Fatalf("packet %d, want %d: %v", got.Number, first, err)
		}
		first++
	}
	for p.Number = 1; p.Number < 200_000; p.Number++ {
		binary.LittleEndian.PutUint64(p.Data, p.Number)
		for !s.fits(&p, nil) {
			take()
		}
		if err := s.add(&p, nil); err != nil {
			t.Fatal(err)
		}
	}
	size, less := s.limit()
	if less == nil || size < leastSpool || size > 24<<20 {
		t.Errorf("%d bytes, %v", size, less)
	}
	if n := s.len(); n < leastSpool/1100 {
		t.Errorf("%d packets wait", n)
	}
	for s.len() > 0 {
		take()
	}
}
