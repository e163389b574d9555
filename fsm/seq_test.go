package fsm

import "testing"

// TestSeqOrder compares pairs of numbers that lie a little apart, everywhere on
// the circle: in the middle, across 2³¹ and across zero.
func TestSeqOrder(t *testing.T) {
	const half = 1 << 31
	for _, c := range []struct {
		a, b Seq
		diff int32 // b − a
	}{
		{0, 0, 0},
		{0, 1, 1},
		{1, 0, -1},
		{1000, 2460, 1460},
		{half - 1, half, 1},
		{half - 1, half + 1, 2},
		{0xffff_ffff, 0, 1},
		{0xffff_ff00, 0x0000_0100, 512},
		{0, 0xffff_ffff, -1},
		{5, 5 + half - 1, half - 1}, // the furthest that still is "after"
		{5 + half - 1, 5, -(half - 1)},
		{0xffff_ffff, half - 2, half - 1},
	} {
		if got := c.b.Minus(c.a); got != c.diff {
			t.Errorf("%d.Minus(%d) = %d, want %d", c.b, c.a, got, c.diff)
		}
		if got := c.a.Add(uint32(c.diff)); got != c.b {
			t.Errorf("%d.Add(%d) = %d, want %d", c.a, c.diff, got, c.b)
		}
		if got, want := c.a.Before(c.b), c.diff > 0; got != want {
			t.Errorf("%d.Before(%d) = %v", c.a, c.b, got)
		}
		if got, want := c.a.AtOrBefore(c.b), c.diff >= 0; got != want {
			t.Errorf("%d.AtOrBefore(%d) = %v", c.a, c.b, got)
		}
		if got, want := c.a.After(c.b), c.diff < 0; got != want {
			t.Errorf("%d.After(%d) = %v", c.a, c.b, got)
		}
		if got, want := c.a.AtOrAfter(c.b), c.diff <= 0; got != want {
			t.Errorf("%d.AtOrAfter(%d) = %v", c.a, c.b, got)
		}
		later := c.a
		if c.diff > 0 {
			later = c.b
		}
		if got := MaxSeq(c.a, c.b); got != later {
			t.Errorf("MaxSeq(%d, %d) = %d, want %d", c.a, c.b, got, later)
		}
	}
}

func TestSeqIn(t *testing.T) {
	for _, c := range []struct {
		s, first Seq
		size     uint32
		want     bool
	}{
		{10, 10, 0, false}, // an empty window holds nothing, not even its edge
		{10, 10, 1, true},
		{11, 10, 1, false},
		{9, 10, 5, false},
		{14, 10, 5, true},
		{15, 10, 5, false},
		{0xffff_fffe, 0xffff_fffe, 4, true},
		{1, 0xffff_fffe, 4, true},
		{2, 0xffff_fffe, 4, false},
		{0xffff_fffd, 0xffff_fffe, 4, false},
		{0x8000_0009, 10, 1 << 31, true}, // a window may span half the circle
		{0x8000_000a, 10, 1 << 31, false},
	} {
		if got := c.s.In(c.first, c.size); got != c.want {
			t.Errorf("%d.In(%d, %d) = %v, want %v", c.s, c.first, c.size, got, c.want)
		}
	}
}

// TestAcceptable holds the acceptance test against RFC 9293 Table 6, each of its
// four cases at every boundary, with RCV.NXT placed so that the window lies
// plainly, across 2³¹ and across zero.
func TestAcceptable(t *testing.T) {
	const wnd = 10
	for _, c := range []struct {
		name   string
		offset int32 // SEG.SEQ − RCV.NXT
		length uint32
		wnd    uint32
		want   bool
	}{
		// Length 0, window 0: SEG.SEQ = RCV.NXT.
		{"empty, closed window, before", -1, 0, 0, false},
		{"empty, closed window, exact", 0, 0, 0, true},
		{"empty, closed window, behind", 1, 0, 0, false},

		// Length 0, window > 0: RCV.NXT ≤ SEG.SEQ < RCV.NXT+RCV.WND.
		{"empty, before the window", -1, 0, wnd, false},
		{"empty, first of the window", 0, 0, wnd, true},
		{"empty, last of the window", wnd - 1, 0, wnd, true},
		{"empty, behind the window", wnd, 0, wnd, false},

		// Length > 0, window 0: not acceptable.
		{"data, closed window, exact", 0, 1, 0, false},
		{"data, closed window, straddling", -1, 2, 0, false},

		// Length > 0, window > 0: its first or its last number lies inside.
		{"data, ends before the window", -3, 3, wnd, false},
		{"data, last octet is the first of the window", -2, 3, wnd, true},
		{"data, fills the window", 0, wnd, wnd, true},
		{"data, exceeds the window on the right", wnd - 1, 100, wnd, true},
		{"data, starts behind the window", wnd, 1, wnd, false},
		{"data, ends at the window's last", -90, 100, wnd, true},
		{"data, ends one behind", -90, 101, wnd, false}, // covers the window, yet neither end lies in it: Table 6 to the letter
		{"one octet, before", -1, 1, wnd, false},
		{"one octet, first", 0, 1, wnd, true},
		{"one octet, last", wnd - 1, 1, wnd, true},
		{"one octet, behind", wnd, 1, wnd, false},
	} {
		for _, rcvNxt := range []Seq{1000, 0, 1<<31 - 4, 0xffff_ffff, 0xffff_fffc} {
			if got := acceptable(rcvNxt.Add(uint32(c.offset)), c.length, rcvNxt, c.wnd); got != c.want {
				t.Errorf("%s, RCV.NXT %d: %v, want %v", c.name, rcvNxt, got, c.want)
			}
		}
	}
}
