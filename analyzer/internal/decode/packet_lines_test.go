package decode

import (
	"testing"
	"unsafe"
)

// TestPacketLines holds where the fields of a Packet stand: see there.
func TestPacketLines(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("laid out for 64 bits")
	}
	const line = 64
	var p Packet
	if end := unsafe.Offsetof(p.Segment) + unsafe.Offsetof(p.Segment.SACK); end > 3*line {
		t.Errorf("what every packet needs ends at %d, want %d at most", end, 3*line)
	}
	if n := unsafe.Sizeof(p); n%line != 0 {
		t.Errorf("a Packet takes %d bytes, want whole lines", n)
	}
}
