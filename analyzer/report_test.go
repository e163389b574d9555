package analyzer_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestFinishTwice finishes as a deferred call does beside one that is looked at.
func TestFinishTwice(t *testing.T) {
	for _, workers := range []int{1, 2} {
		a := analyzer.New(analyzer.Options{Workers: workers})
		first, err := a.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if second, err := a.Finish(); second != first || err != nil {
			t.Errorf("%d workers: %p, %v after %p", workers, second, err, first)
		}
	}
}

// TestEachFails: a report that Each broke off says so, as one does that a context ended.
func TestEachFails(t *testing.T) {
	source, err := capture.Open("../testdata/pcaps/lab/seed-1-act-1.client.pcap.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	enough := errors.New("enough")
	r, err := analyzer.Analyze(t.Context(), []capture.Source{source}, analyzer.Options{
		Immediate: true, Linger: 1, MSL: 1000000, Each: func(*record.Connection) error { return enough },
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if s := r.Capture.Sources[0]; !s.Interrupted || s.Cut == "" {
		t.Errorf("%d packets: %+v", r.Capture.Packets, s)
	}
}

// TestStatesOfPlays holds the states of the laboratory's connections against their transitions.
func TestStatesOfPlays(t *testing.T) {
	files, err := filepath.Glob("../testdata/pcaps/lab/seed-2-*.router.pcap.gz")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, name := range files {
		source, err := capture.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := analyzer.Analyze(t.Context(), []capture.Source{source}, analyzer.Options{})
		source.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Connections {
			checkStates(c, func(format string, args ...any) {
				t.Errorf("%s: connection %d: "+format, append([]any{name, c.ID}, args...)...)
			})
		}
	}
}
