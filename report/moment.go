package report

import (
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// moment writes an absolute time with its zone, to the microsecond unless the
// capture tells nanoseconds.
func moment(t fsm.Time) string {
	layout := "2006-01-02 15:04:05.000000 UTC"
	if t%1000 != 0 {
		layout = "2006-01-02 15:04:05.000000000 UTC"
	}
	return goTime(t).UTC().Format(layout)
}

func goTime(t fsm.Time) time.Time { return time.Unix(0, int64(t)) }

// span returns the seconds from a to b, 0 when b is earlier.
func span(a, b fsm.Time) float64 {
	if b <= a {
		return 0
	}
	return float64(uint64(b)-uint64(a)) / 1e9
}
