package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// duration writes seconds as people say them: "850 ns", "1.234 ms", "12.3 s",
// "2 min 5 s", "2 h 0 min", "3 d 4 h". A negative duration is unknown: "?".
func duration(s float64) string {
	switch {
	case math.IsNaN(s) || s < 0:
		return "?"
	case s == 0:
		return "0 s"
	case s < 59.95:
		return scaled(s, 4)
	case s < 3599.5:
		n := int64(s + 0.5)
		return fmt.Sprintf("%d min %d s", n/60, n%60)
	case s < 86370:
		n := int64(s/60 + 0.5)
		return fmt.Sprintf("%d h %d min", n/60, n%60)
	case s < 86400*100000:
		n := int64(s/3600 + 0.5)
		return fmt.Sprintf("%d d %d h", n/24, n%24)
	}
	return fmt.Sprintf("%.0f d", s/86400)
}

// shortDuration writes seconds in at most eight cells, to three digits, for columns.
func shortDuration(s float64) string {
	switch {
	case s == 0:
		return "0 s"
	case s < 999.5:
		return scaled(s, 3)
	case s < 59.95*60:
		return fmt.Sprintf("%.1f min", s/60)
	case s < 99.5*3600:
		return fmt.Sprintf("%.1f h", s/3600)
	}
	return fmt.Sprintf("%.0f d", s/86400)
}

// scaled writes seconds with the unit that suits, to the given number of
// significant digits, without zeros behind the point that say nothing.
func scaled(s float64, digits int) string {
	n := math.Round(s * 1e9)
	unit, div := "s", 1e9
	switch {
	case n < 1e3:
		return strconv.FormatFloat(n, 'f', 0, 64) + " ns"
	case n < roundsUpAt(1e6, digits):
		unit, div = "µs", 1e3
	case n < roundsUpAt(1e9, digits):
		unit, div = "ms", 1e6
	}
	return significant(n/div, digits) + " " + unit
}

// roundsUpAt returns where rounding to the given digits reaches limit, so that
// 999.96 ms becomes 1 s and not "1000 ms".
func roundsUpAt(limit float64, digits int) float64 {
	return limit * (1 - 0.5*math.Pow10(-digits))
}

// significant writes v ≥ 0 with at most the given number of significant digits.
func significant(v float64, digits int) string {
	decimals := digits - 1
	for p := 10.0; decimals > 0 && v >= p; p *= 10 {
		decimals--
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// octets writes an amount of data with decimal units: "512 B", "1.2 kB", "4.3 MB".
func octets(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range [...]string{"kB", "MB", "GB", "TB", "PB"} {
		v /= 1000
		if v < 999.5 {
			return significant(v, 3) + " " + unit
		}
	}
	return significant(v/1000, 3) + " EB"
}

// count writes a number with its digits in groups of three.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted writes a number with its noun: "1 error", "3 errors".
func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

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
