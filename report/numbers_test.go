package report

import (
	"math"
	"testing"
)

func TestDuration(t *testing.T) {
	for _, test := range []struct {
		s           float64
		long, short string
	}{
		{0, "0 s", "0 s"},
		{0.0000000004, "0 ns", "0 ns"},
		{0.00000085, "850 ns", "850 ns"},
		{0.000012, "12 µs", "12 µs"},
		{0.0012344, "1.234 ms", "1.23 ms"},
		{0.0999999, "100 ms", "100 ms"},
		{0.9999999, "1 s", "1 s"},
		{12.3, "12.3 s", "12.3 s"},
		{59.94, "59.94 s", "59.9 s"},
		{60, "1 min 0 s", "60 s"},
		{125, "2 min 5 s", "125 s"},
		{7200, "2 h 0 min", "2.0 h"},
		{3599.7, "1 h 0 min", "1.0 h"},
		{86399, "1 d 0 h", "24.0 h"},
		{3 * 86400, "3 d 0 h", "72.0 h"},
		{30 * 86400, "30 d 0 h", "30 d"},
	} {
		if got := duration(test.s); got != test.long {
			t.Errorf("%g s: %q, want %q", test.s, got, test.long)
		}
		if got := shortDuration(test.s); got != test.short {
			t.Errorf("%g s, short: %q, want %q", test.s, got, test.short)
		}
	}
	if got := duration(-1); got != "?" {
		t.Errorf("unknown: %q", got)
	}
	if got := duration(math.NaN()); got != "?" {
		t.Errorf("no number: %q", got)
	}
}

// Whatever the value, a column of durations stays eight cells wide.
func TestShortDurationIsShort(t *testing.T) {
	for s := 1e-9; s < 1e8; s *= 1.003 {
		if got := shortDuration(s); cells(got) > 8 {
			t.Fatalf("%g s: %q", s, got)
		}
	}
}

func TestOctets(t *testing.T) {
	for _, test := range []struct {
		n    uint64
		want string
	}{
		{0, "0 B"}, {999, "999 B"}, {1000, "1 kB"}, {1448, "1.45 kB"}, {512_000, "512 kB"}, {999_499, "999 kB"},
		{999_500, "1 MB"}, {4_300_000, "4.3 MB"}, {math.MaxUint64, "18.4 EB"},
	} {
		if got := octets(test.n); got != test.want {
			t.Errorf("%d: %q, want %q", test.n, got, test.want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		n    uint64
		want string
	}{{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}} {
		if got := count(test.n); got != test.want {
			t.Errorf("%d: %q, want %q", test.n, got, test.want)
		}
	}
}
