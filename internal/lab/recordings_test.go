package lab

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	recordings = "../../testdata/pcaps/kernel"
	byHand     = "../../testdata/pcaps/lab-byhand"
)

// The recordings in the tree are complete, small, readable and described.
func TestRecordings(t *testing.T) {
	for _, dir := range []string{recordings, byHand} {
		t.Run(filepath.Base(dir), func(t *testing.T) { checkRecordings(t, dir) })
	}
}

func checkRecordings(t *testing.T, recordings string) {
	readme, err := os.ReadFile(filepath.Join(recordings, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	truths, err := filepath.Glob(filepath.Join(recordings, "*.truth.json"))
	if err != nil || len(truths) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	known := map[string]bool{"README.md": true}
	var total int64
	for _, file := range truths {
		truth, err := ReadTruth(file)
		if err != nil {
			t.Error(err)
			continue
		}
		known[filepath.Base(file)] = true
		if want := truth.Scenario + ".truth.json"; filepath.Base(file) != want {
			t.Errorf("%s holds the truth of %s", file, truth.Scenario)
		}
		if !strings.Contains(string(readme), "| `"+truth.Scenario+"` |") {
			t.Errorf("README.md does not describe %s", truth.Scenario)
		}
		if len(truth.Connections) == 0 {
			t.Errorf("%s: no connection", file)
		}
		for vantage, name := range truth.Captures {
			known[name] = true
			data, err := os.ReadFile(filepath.Join(recordings, name))
			if os.IsNotExist(err) && vantage != AtClient {
				continue // only what shows something new is kept
			}
			if err != nil {
				t.Error(err)
				continue
			}
			if len(data) < 24 || binary.LittleEndian.Uint32(data) != 0xa1b23c4d {
				t.Errorf("%s is no capture in nanoseconds", name)
			}
			if len(data) > 50_000 {
				t.Errorf("%s has %d octets, more than 50000", name, len(data))
			}
			total += int64(len(data))
		}
	}
	if total > 2_000_000 {
		t.Errorf("the captures have %d octets together, more than 2000000", total)
	}
	files, err := os.ReadDir(recordings)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s belongs to no truth", f.Name())
		}
	}
}
