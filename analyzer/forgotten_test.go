package analyzer_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// TestForgotten plays connections of which not all can be remembered: their records say so.
func TestForgotten(t *testing.T) {
	const gaps, unacknowledged = "More gaps", "More of its segments"
	for name, want := range map[string]string{
		"one-holes": gaps + "; " + unacknowledged, "one-reverse": unacknowledged, "one-random": gaps,
		"one-same": "", "one-dup-acks": "", "one-keepalives": "", "one-zero-window": "",
	} {
		i := slices.IndexFunc(tracegen.Monsters, func(k tracegen.Kind) bool { return k.Name == name })
		var file bytes.Buffer
		if _, err := tracegen.Monsters[i].Write(&file, 40_000, 1); err != nil {
			t.Fatal(err)
		}
		src, err := capture.OpenReader(name, &file)
		if err != nil {
			t.Fatal(err)
		}
		if got := forgotten(t, src); got != want {
			t.Errorf("%s: said is %q, not %q", name, got, want)
		}
	}
}

// TestNothingForgotten holds that no capture of the project is too much to remember.
func TestNothingForgotten(t *testing.T) {
	for _, file := range fuzzinput.Captures("..") {
		src, err := capture.Open(file)
		if err != nil {
			continue // some are broken, for the tests of reading
		}
		if got := forgotten(t, src); got != "" {
			t.Errorf("%s: %q", file, got)
		}
		src.Close()
	}
}

// forgotten returns how the doubts begin that are about what was forgotten.
func forgotten(t *testing.T, src capture.Source) string {
	t.Helper()
	r, err := analyzer.Analyze(context.Background(), []capture.Source{src}, analyzer.Options{})
	if err != nil {
		return ""
	}
	var list []string
	for _, c := range r.Connections {
		for _, d := range c.Quality.Doubts {
			if before, _, found := strings.Cut(d, " were "); found && strings.Contains(d, "than are remembered") || strings.Contains(d, "than is recorded") {
				list = append(list, before)
			}
		}
	}
	return strings.Join(list, "; ")
}
