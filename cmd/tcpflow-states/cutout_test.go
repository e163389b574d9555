package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestCutoutSaysTheSame writes the packets of captures into files and holds what is said of
// these against what is said of the captures: states, verdicts, findings, packets.
func TestCutoutSaysTheSame(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata/pcaps/conversations/*.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "testdata/pcaps/kernel/*.router.pcap"))
	if err != nil || len(files) < 50 || len(more) < 20 {
		t.Fatalf("%d and %d captures: %v", len(files), len(more), err)
	}
	for i, file := range append(files, more...) {
		if testing.Short() && i%8 > 0 {
			continue
		}
		out := filepath.Join(t.TempDir(), "out.pcapng")
		want, got := gist(t, file, "-w", out), gist(t, out)
		if got != want {
			t.Errorf("%s:\n%s\nread again:\n%s", filepath.Base(file), want, got)
		}
	}
}

// gist is what must be the same of a capture and of its packets written out.
func gist(t *testing.T, args ...string) string {
	t.Helper()
	out, err := program(append([]string{"--json"}, args...)...).Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var doc struct {
		Connections []struct {
			ID             int
			Client, Server struct {
				IP   string
				Port int
			}
			State     struct{ Client, Server string }
			Verdict   struct{ Code string }
			Anomalies []struct{ Name, Severity string }
			Traffic   struct{ Client, Server struct{ Packets, Bytes int } }
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range doc.Connections {
		fmt.Fprintf(&b, "%+v\n", c)
	}
	return b.String()
}
