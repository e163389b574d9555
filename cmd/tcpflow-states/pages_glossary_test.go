package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestGlossaryHasEveryLabel holds that each label that a segment of the project's
// captures gets is in the glossary.
func TestGlossaryHasEveryLabel(t *testing.T) {
	glossary := readPage(t, "docs/glossary.md")
	labels := map[string]string{} // with the first capture that shows it
	for _, pattern := range []string{"conversations/*.pcap", "kernel/*.client.pcap"} {
		files, err := filepath.Glob(filepath.Join(root, "testdata/pcaps", pattern))
		if err != nil || len(files) < 50 {
			t.Fatalf("%s: %d captures, %v", pattern, len(files), err)
		}
		for _, file := range files {
			source, err := capture.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := analyzer.Analyze(context.Background(), []capture.Source{source},
				analyzer.Options{Segments: func(uint64) bool { return true }})
			source.Close()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Connections {
				for i := range c.Segments {
					for _, l := range c.Segments[i].Labels {
						if name := string(l); labels[name] == "" {
							labels[name] = filepath.Base(file)
						}
					}
				}
			}
		}
	}
	if len(labels) < 25 {
		t.Errorf("only %d labels seen", len(labels))
	}
	for name, file := range labels {
		if !strings.Contains(glossary, "\n| `"+name+"` |") {
			t.Errorf("docs/glossary.md has no row for the label %s, which %s shows", name, file)
		}
	}
}
