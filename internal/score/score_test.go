package score

import (
	"path/filepath"
	"strings"
	"testing"
)

const recordings = "../../testdata/pcaps/kernel"

// TestRecordings holds the analyzer against every recording in the tree.
func TestRecordings(t *testing.T) {
	useTshark = false
	defer func() { useTshark = true }()
	files, _ := filepath.Glob(filepath.Join(recordings, "*.truth.json"))
	var s Score
	for _, file := range files {
		if err := s.Add(file); err != nil {
			t.Fatal(err)
		}
	}
	var table strings.Builder
	s.Write(&table, false)
	t.Log("\n" + table.String())
	for _, m := range s.Mismatches {
		t.Error(m)
	}
	for _, d := range s.Doubts {
		t.Error("truth:", d)
	}
}
