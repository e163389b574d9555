package phrase

import (
	"math"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Duration writes seconds with a unit that suits them, to three digits: "850 ns",
// "24 µs", "10.6 ms", "3.48 s"; from a minute on with two units, of which the
// second is left out when it is zero: "2 min 5 s", "2 h", "3 d 4 h". A negative
// duration, or one that is no number, is unknown: "?".
func Duration(s float64) string {
	switch {
	case math.IsNaN(s) || s < 0:
		return "?"
	case s < 0.5e-9:
		return "0 s"
	case s < 999.5e-9:
		return digits(s*1e9) + " ns"
	case s < 999.5e-6:
		return digits(s*1e6) + " µs"
	case s < 0.9995:
		return digits(s*1e3) + " ms"
	case s < 59.95:
		return digits(s) + " s"
	case s < 3599.5:
		n := int64(s + 0.5)
		return pair(n/60, " min", n%60, " s")
	case s < 86370:
		n := int64(s/60 + 0.5)
		return pair(n/60, " h", n%60, " min")
	case s < 86400*100_000:
		n := int64(s/3600 + 0.5)
		return pair(n/24, " d", n%24, " h")
	}
	return strconv.FormatFloat(s/86400, 'f', 0, 64) + " d"
}

// Elapsed writes the time between two packets as Duration does, with a minus sign
// when the capture's clock went back between them.
func Elapsed(t fsm.Time) string {
	if t < 0 {
		return "−" + Duration(float64(-t)/1e9)
	}
	return Duration(float64(t) / 1e9)
}

func pair(a int64, unitA string, b int64, unitB string) string {
	text := strconv.FormatInt(a, 10) + unitA
	if b > 0 {
		text += " " + strconv.FormatInt(b, 10) + unitB
	}
	return text
}

// digits writes a number below a thousand with three significant digits at most,
// without zeros behind the point that say nothing.
func digits(v float64) string {
	decimals := 2
	switch {
	case v >= 99.95:
		decimals = 0
	case v >= 9.995:
		decimals = 1
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Size writes an amount of data to three digits, in decimal units: "512 B",
// "1.45 kB", "4.3 MB". Where each byte counts, Bytes writes it.
func Size(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range [...]string{" kB", " MB", " GB", " TB", " PB"} {
		if v /= 1000; v < 999.5 {
			return digits(v) + unit
		}
	}
	return digits(v/1000) + " EB"
}

// integer is what counts come in.
type integer interface {
	int | int32 | int64 | uint16 | uint32 | uint64
}

// Bytes writes an exact amount of data: "1 byte", "1,460 bytes".
func Bytes[N integer](n N) string { return Counted(n, "byte", "bytes") }

// Count writes a number with its digits in groups of three: "1,234,567".
func Count[N integer](n N) string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "−", -u
	}
	s := strconv.FormatUint(u, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// ShortCount writes a number in at most five characters: "9999", "12k", "4.1M".
func ShortCount(n uint64) string {
	switch {
	case n < 10_000:
		return strconv.FormatUint(n, 10)
	case n < 1_000_000:
		return strconv.FormatUint(n/1000, 10) + "k"
	case n < 10_000_000:
		return digits(float64(n/100_000)/10) + "M"
	}
	return strconv.FormatUint(n/1_000_000, 10) + "M"
}

// Counted writes a number with its noun: "1 segment", "1,200 segments".
func Counted[N integer](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Times writes "once", "twice" or "12 times".
func Times[N integer](n N) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Count(n) + " times"
}

// Percent writes a share: "12 %"; below one percent with digits that tell it from
// nothing.
func Percent(share float64) string {
	if share > 0 && share < 0.0095 {
		return digits(share*100) + " %"
	}
	return strconv.FormatFloat(share*100, 'f', 0, 64) + " %"
}

// PartsPerMillion writes how much one clock gains on another: "80.0 ppm", "-12.5 ppm".
func PartsPerMillion(rate float64) string { return strconv.FormatFloat(rate*1e6, 'f', 1, 64) + " ppm" }
