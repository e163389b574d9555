package phrase

import (
	"math"
	"testing"
)

func TestSpan(t *testing.T) {
	for _, x := range []struct {
		seconds float64
		want    string
	}{
		{0, "0 s"}, {0.000024, "24 µs"}, {0.0106, "10.6 ms"}, {0.9996, "1 s"}, {3.4801, "3.48 s"}, {12.3, "12.3 s"}, {59.96, "1 min"},
		{125, "2 min 5 s"}, {3600, "1 h"}, {7500, "2 h 5 min"}, {90000, "1 d 1 h"}, {math.MaxFloat32, "4 d"},
	} {
		if x.seconds > 1e9 {
			Span(x.seconds) // need not make sense, must not fail
			continue
		}
		if got := Span(x.seconds); got != x.want {
			t.Errorf("%v s: %q, want %q", x.seconds, got, x.want)
		}
	}
}
