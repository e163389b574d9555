package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/browse"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// browsingOf reads files as browse does, without a screen.
func browsingOf(t *testing.T, files ...string) *browsing {
	t.Helper()
	opt := &options{}
	opt.addScreenFlags(&cobra.Command{})
	if err := opt.check(); err != nil {
		t.Fatal(err)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	b := &browsing{app: a, opt: opt, files: files, sig: &signals{ctx: t.Context()}}
	b.rows = browse.NewRows(browse.Options{Checks: analyzer.Checks()})
	source, err := capture.OpenFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	b.read(context.Background(), source)
	return b
}

// What browse shows of a connection, which it reads anew and mostly by itself, is what the
// analysis of the whole says of it, segment by segment.
func TestBrowseShowsTheSame(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "testdata/pcaps/conversations/*.pcap"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no captures")
	}
	lab, _ := filepath.Glob(filepath.Join(root, "testdata/pcaps/lab/seed-1-act-1.*.pcap.gz"))
	all := 0
	for _, path := range append(paths, lab...) {
		b := browsingOf(t, path)
		source, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := analyzer.Analyze(t.Context(), []capture.Source{source}, analyzer.Options{Segments: func(uint64) bool { return true }})
		source.Close()
		if whole == nil {
			t.Fatal(err)
		}
		for i, c := range whole.Connections {
			if i%3 != 0 && i > 10 { // it is enough, and takes a while
				continue
			}
			r, err := b.Connection(t.Context(), c.ID, 0)
			if err != nil || len(r.Connections) != 1 {
				t.Fatalf("%s: connection %d: %v", path, c.ID, err)
			}
			all++
			if got, want := timelineOf(t, r.Connections[0]), timelineOf(t, c); got != want {
				t.Errorf("%s: connection %d:\n%s\nin the whole:\n%s", path, c.ID, got, want)
			}
		}
	}
	t.Logf("%d connections", all)
}

func timelineOf(t *testing.T, c *record.Connection) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := report.Timeline(&b, c, report.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
