package main

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// parseThresholds reads the values of --set: a threshold's name, "=" and what it is to be.
func parseThresholds(given []string) ([]record.Threshold, error) {
	var list []record.Threshold
	for _, text := range given {
		path, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("--set %q: not CHECK.THRESHOLD=VALUE", text).hint("for example --set close-wait-stuck.after=30s")
		}
		t, err := findThreshold(strings.TrimSpace(path))
		if err != nil {
			return nil, err
		}
		if t.Value, ok = thresholdValue(t, strings.TrimSpace(value)); !ok {
			what, example := "a time above 0", "500ms"
			if t.Count {
				what, example = "a count of 1 or more", t.Write(t.Default)
			}
			return nil, usagef("--set %s=%s: not %s", t.Path(), value, what).hint("for example --set %s=%s", t.Path(), example)
		}
		list = append(list, *t)
	}
	return list, nil
}

// findThreshold returns the threshold of that name.
func findThreshold(path string) (*record.Threshold, error) {
	var paths []string
	for _, d := range analyzer.Checks() {
		for i := range d.Thresholds {
			t := &d.Thresholds[i]
			if t.Path() == path {
				return t, nil
			}
			paths = append(paths, t.Path())
		}
	}
	f := usagef("--set: no threshold is called %q", path)
	if n := nearest(path, paths); n != "" {
		return nil, f.hint("did you mean %s?", n)
	}
	return nil, f.hint("tcpflow-states anomalies lists them")
}

func thresholdValue(t *record.Threshold, text string) (value int64, ok bool) {
	if t.Count {
		n, err := strconv.ParseInt(text, 10, 32)
		return n, err == nil && n > 0
	}
	d, err := time.ParseDuration(text)
	if err != nil { // seconds, as durations are in JSON
		s, err := strconv.ParseFloat(text, 64)
		if err != nil || !(s < math.MaxInt64/1e9) {
			return 0, false
		}
		d = time.Duration(s * 1e9)
	}
	return int64(d), d > 0
}
