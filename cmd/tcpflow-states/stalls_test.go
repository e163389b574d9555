package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	bench "github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
)

// TestStallsOnTheFirstScreen makes a capture of thousands of short connections, among them
// three that stall: a server that thinks for 6 s, packets lost for 5 s, a client that does not
// read for 7 s. All three stand on the first 24 lines of 80 columns, each with its cause and its
// frames, in the order of what they cost.
func TestStallsOnTheFirstScreen(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds, and nothing else that is short depends on what it tests")
	}
	const packets = 612_000 // 34,000 connections
	file := filepath.Join(t.TempDir(), "stalls.pcap")
	_, err := bench.Stalls.Make(t.Context(), file, packets)
	if missing := bench.Missing(""); errors.As(err, &missing) {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := program(file, "--width", "80")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	lines := strings.Split(string(out), "\n")
	screen := strings.Join(lines[:min(24, len(lines))], "\n")
	t.Log("\n" + screen)
	cost := regexp.MustCompile(`(?m)^ +([0-9.]+) s  (.*) +--conn [0-9]+$`)
	frames := regexp.MustCompile(`frames? [0-9]+`)
	ports := map[string]string{":9001": "slow answer", ":9002": "stalled by loss", ":9003": "zero window"}
	last := 1e9
	for _, m := range cost.FindAllStringSubmatchIndex(screen, -1) {
		c := parseSeconds(t, screen[m[2]:m[3]])
		if c > last {
			t.Errorf("%g s stands behind %g s", c, last)
		}
		last = c
		head := screen[m[4]:m[5]]
		for port, cause := range ports {
			if strings.Contains(head, port) && strings.Contains(head, cause) {
				if c < 4.5 || c > 8 || !frames.MatchString(screen[m[1]:]) {
					t.Errorf("%q costs %g s, or names no frame", head, c)
				}
				delete(ports, port)
			}
		}
	}
	for port, cause := range ports {
		t.Errorf("the %s on port %s is not on the first screen", cause, port[1:])
	}
}

func parseSeconds(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
