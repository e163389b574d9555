package phrase

import (
	"math"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

func TestDuration(t *testing.T) {
	for _, x := range []struct {
		seconds float64
		want    string
	}{
		{0, "0 s"}, {4e-10, "0 s"}, {1e-9, "1 ns"}, {8.5e-7, "850 ns"}, {9.996e-7, "1 µs"}, {0.000012, "12 µs"}, {0.0000049, "4.9 µs"},
		{0.0009996, "1 ms"}, {0.0012344, "1.23 ms"}, {0.0106, "10.6 ms"}, {0.0999999, "100 ms"}, {0.9996, "1 s"}, {3.4801, "3.48 s"},
		{12.3, "12.3 s"}, {59.94, "59.9 s"}, {59.96, "1 min"}, {75, "1 min 15 s"}, {125, "2 min 5 s"}, {3599.7, "1 h"}, {3600, "1 h"},
		{7200, "2 h"}, {7500, "2 h 5 min"}, {86399, "1 d"}, {90000, "1 d 1 h"}, {30 * 86400, "30 d"}, {5.12e4 * 3600, "2133 d 8 h"}, {86400e6, "1000000 d"}, {-1, "?"}, {math.NaN(), "?"},
	} {
		if got := Duration(x.seconds); got != x.want {
			t.Errorf("%v s: %q, want %q", x.seconds, got, x.want)
		}
	}
}

// A time that goes back is told so, in the same words.
func TestElapsed(t *testing.T) {
	for _, x := range []struct {
		t    fsm.Time
		want string
	}{{0, "0 s"}, {75 * fsm.Second, "1 min 15 s"}, {-1500, "−1.5 µs"}} {
		if got := Elapsed(x.t); got != x.want {
			t.Errorf("%d: %q, want %q", x.t, got, x.want)
		}
	}
}

func TestSize(t *testing.T) {
	for _, x := range []struct {
		n    uint64
		want string
	}{
		{0, "0 B"}, {1, "1 B"}, {999, "999 B"}, {1000, "1 kB"}, {1448, "1.45 kB"}, {512_000, "512 kB"}, {999_499, "999 kB"},
		{999_500, "1 MB"}, {4_300_000, "4.3 MB"}, {math.MaxUint64, "18.4 EB"},
	} {
		if got := Size(x.n); got != x.want {
			t.Errorf("%d: %q, want %q", x.n, got, x.want)
		}
	}
}

func TestShortCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 9999: "9999", 10_000: "10k", 999_999: "999k", 4_199_999: "4.1M", 9_999_999: "9.9M", 61_000_000: "61M"} {
		if got := ShortCount(n); got != want {
			t.Errorf("ShortCount(%d) = %q, expected %q", n, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	for got, want := range map[string]string{
		Count(0): "0", Count(999): "999", Count(1000): "1,000", Count(uint64(1234567)): "1,234,567", Count(-1500): "−1,500",
		Bytes(0): "0 bytes", Bytes(1): "1 byte", Bytes(uint32(1460)): "1,460 bytes",
		Counted(1, "frame", "frames"): "1 frame", Counted(0, "frame", "frames"): "0 frames",
		Times(1): "once", Times(2): "twice", Times(uint64(1000)): "1,000 times",
		Percent(0): "0 %", Percent(0.004): "0.4 %", Percent(0.054): "5 %", Percent(1): "100 %",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
