// Package phrase puts numbers, frames and sides into the words that verdicts and
// explanations are made of.
package phrase

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Span writes seconds with a unit that suits them: "24 µs", "10.6 ms", "3.48 s",
// "2 min 5 s", "2 h 5 min".
func Span(s float64) string {
	switch {
	case s < 0.0000005:
		return "0 s"
	case s < 0.0009995:
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
	}
	n := int64(s/3600 + 0.5)
	return pair(n/24, " d", n%24, " h")
}

func pair(a int64, unitA string, b int64, unitB string) string {
	text := strconv.FormatInt(a, 10) + unitA
	if b > 0 {
		text += " " + strconv.FormatInt(b, 10) + unitB
	}
	return text
}

// digits writes a number with three significant digits at most.
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

// Octets writes an amount of data: "512 B", "1.2 kB", "4.3 MB".
func Octets(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range [...]string{" kB", " MB", " GB"} {
		if v /= 1000; v < 999.5 {
			return digits(v) + unit
		}
	}
	return digits(v/1000) + " TB"
}

// Percent writes a share.
func Percent(share float64) string {
	if share > 0 && share < 0.0095 {
		return digits(share*100) + " %"
	}
	return strconv.FormatFloat(share*100, 'f', 0, 64) + " %"
}

// Times writes "once", "twice" or "n times".
func Times[N int | uint64](n N) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.FormatUint(uint64(n), 10) + " times"
}

// Counted writes a number with its noun.
func Counted[N int | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(uint64(n), 10) + " " + many
}

// Frame writes "frame 7". No verdict should speak of a segment that was not
// captured, but a record from elsewhere may make it.
func Frame(f fsm.Frame) string {
	if f == 0 {
		return "an uncaptured frame"
	}
	return "frame " + strconv.FormatUint(f.Number(), 10)
}

// By writes "the client" or "the server".
func By(s fsm.Side) string {
	if s == fsm.Client {
		return "the client"
	}
	return "the server"
}

// Capital begins a sentence.
func Capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// EndedAfter writes how long after a segment the capture ended.
func EndedAfter(s float64, f fsm.Frame) string {
	if s < 0.0000005 {
		return "ended with " + Frame(f)
	}
	return "ended " + Span(s) + " after " + Frame(f)
}

// Bare writes a frame's number alone.
func Bare(f fsm.Frame) string { return strconv.FormatUint(f.Number(), 10) }
