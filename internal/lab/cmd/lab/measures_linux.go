package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// measures plays connections and holds their rates, round trips and answer times against
// what their sockets and programs say.
func measures(args []string) int {
	flags := flag.NewFlagSet("measures", flag.ContinueOnError)
	out := flags.String("out", "", "directory for the captures; they are not kept without")
	readme := flags.String("readme", "", "a Markdown file to put the score into")
	list := flags.String("seeds", "fresh", "comma-separated seeds of the losses and pauses")
	brief := flags.Bool("brief", false, "one path and little data, as for the recording that is kept")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	seeds, err := parseSeeds(*list)
	if err != nil {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	ctx, dir, end, code := begin(*out, "tcplab-measures-")
	if code != 0 {
		return code
	}
	defer end()
	var s kernelscore.MeasureScore
	for _, seed := range seeds {
		fmt.Printf("seed %d\n", seed)
		for _, sc := range lab.Measuring(*brief) {
			err := recordMeasured(ctx, sc, dir, seed, &s)
			if err != nil {
				fmt.Fprintln(os.Stderr, "lab: error:", err)
				return 1
			}
		}
	}
	s.Write(os.Stdout)
	for _, line := range s.Lines {
		fmt.Println("-", line)
	}
	if *readme == "" {
		return 0
	}
	if err := markdown.Put(*readme, "measures", func(w io.Writer) { s.Write(w) }); err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 3
	}
	return 0
}

// recordMeasured plays a scenario and scores it.
func recordMeasured(ctx context.Context, sc *lab.Scenario, dir string, seed uint64, s *kernelscore.MeasureScore) error {
	truth, err := sc.Record(ctx, dir, seed)
	if err != nil && !errors.Is(err, lab.ErrAstray) {
		return err
	}
	for _, n := range truth.Notes {
		fmt.Fprintln(os.Stderr, "  note:", n)
	}
	return s.Add(filepath.Join(dir, sc.Name+".truth.json"))
}

// begin makes ready for plays, in the directory asked for or a temporary one. What has gone
// wrong it has told, and code is then what to exit with.
func begin(asked, prefix string) (ctx context.Context, dir string, end func(), code int) {
	if err := lab.Available(); err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return nil, "", nil, 4
	}
	dir, remove, err := workDir(asked, prefix)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return nil, "", nil, 3
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	return ctx, dir, func() { stop(); remove() }, 0
}

// workDir makes the directory asked for, or a temporary one, which remove takes away.
func workDir(asked, prefix string) (dir string, remove func(), err error) {
	if asked != "" {
		return asked, func() {}, os.MkdirAll(asked, 0o755)
	}
	dir, err = os.MkdirTemp("", prefix)
	return dir, func() { os.RemoveAll(dir) }, err
}
