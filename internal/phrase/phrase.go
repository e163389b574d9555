// Package phrase writes what sentences are made of: durations, sizes and counts,
// frames and sides. All that the program prints takes them from here, so that one
// value looks the same wherever it stands.
package phrase

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

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
	if s < 0.5e-9 {
		return "ended with " + Frame(f)
	}
	return "ended " + Duration(s) + " after " + Frame(f)
}

// Bare writes a frame's number alone.
func Bare(f fsm.Frame) string { return strconv.FormatUint(f.Number(), 10) }

// Cost writes what a problem cost: how many connections failed by it, the seconds lost, or
// how many have it where no time is known.
func Cost(failed bool, seconds float64, connections uint64) string {
	switch {
	case failed:
		return ShortCount(connections) + " failed"
	case seconds > 0:
		return Duration(seconds)
	}
	return "× " + ShortCount(connections)
}
