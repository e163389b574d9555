package kernelscore

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The numbers wrap between the SYN and the data on purpose.
func TestSent(t *testing.T) {
	isn := fsm.Seq(0xffff_fffe)
	var s sent
	for i, step := range []struct {
		seq   fsm.Seq
		len   uint32
		flags fsm.Flags
		again bool
	}{
		{isn, 0, fsm.SYN, false},
		{isn, 0, fsm.SYN, true},
		{isn + 1, 0, fsm.ACK, false},     // no space
		{isn + 1, 100, fsm.ACK, false},   // 1–100
		{isn + 201, 100, fsm.ACK, false}, // 201–300, a hole before
		{isn + 101, 100, fsm.ACK, false}, // the hole, never sent
		{isn + 150, 10, fsm.ACK, true},   // within
		{isn + 300, 2, fsm.ACK, true},    // one old, one new
		{isn + 301, 0, fsm.ACK, false},   // a keepalive probe
		{isn + 302, 0, fsm.FIN | fsm.ACK, false},
		{isn + 302, 0, fsm.RST | fsm.ACK, false},
		{isn + 302, 0, fsm.FIN | fsm.ACK, true},
	} {
		g := fsm.Segment{Seq: step.seq, Len: step.len, Flags: step.flags}
		if got := s.add(&g); got != step.again {
			t.Errorf("step %d, %+v: sent before %v", i, step, got)
		}
	}
	if len(s.spans) != 1 || s.spans[0] != (span{0, 303}) {
		t.Errorf("spans %v, want one of 0–303", s.spans)
	}
}
