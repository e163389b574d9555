// Command bench measures tcpflow-states beside other readers of captures, and
// prints what it measured as Markdown.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/bench"
	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

func main() {
	if programs.Side(os.Args[1:]) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("dir", "", "`DIRECTORY` that keeps the traces, 30 GB; a temporary one when empty")
	binary := flag.String("binary", "", "the `PROGRAM` to measure; ./cmd/tcpflow-states is built when empty")
	page := flag.String("page", "", "Markdown `FILE` to put the result into, between <!-- bench --> and <!-- end -->")
	only := flag.String("only", "", "comma-separated `KINDS` of traces, or groups of them: "+strings.Join(bench.Groups, ", "))
	formats := flag.String("formats", "", "comma-separated `MODES` of ours: "+strings.Join(bench.Modes(), ", "))
	opt := bench.Options{Log: os.Stderr}
	flag.IntVar(&opt.Rounds, "rounds", 5, "how often each runs")
	flag.BoolVar(&opt.Short, "short", false, "small traces, no bars: to try it out")
	flag.BoolVar(&opt.Alone, "alone", false, "measure only us and tcpdump")
	flag.IntVar(&opt.Floods, "floods", 0, "`PACKETS` of each flood, when not 5 million")
	flag.IntVar(&opt.Single, "single", 0, "`PACKETS` of the longest single connections, when not a million")
	flag.IntVar(&opt.Programs, "programs", 0, "some `PACKETS` of each capture of programs, when not a million")
	flag.DurationVar(&opt.Limits.Time, "limit", time.Minute, "the longest a run may take")
	memory := flag.Int64("memory", 8000, "the most `MB` a run may take, on Linux")
	flag.Parse()
	switch {
	case flag.NArg() > 0 || opt.Rounds < 1:
		return fmt.Errorf("no arguments, and at least one round")
	case *page != "" && (opt.Short || opt.Alone || *only != "" || *formats != ""):
		return fmt.Errorf("-page is for the whole measurement")
	}
	if *formats != "" {
		opt.Formats = strings.Split(*formats, ",")
	}
	opt.Limits.Memory = *memory * 1e6
	if *only != "" {
		opt.Only = strings.Split(*only, ",")
	}
	temp, err := os.MkdirTemp("", "tcpflow-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if opt.Dir = *dir; opt.Dir == "" {
		opt.Dir, opt.Discard = temp, true
	}
	if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return err
	}
	if opt.Binary = *binary; opt.Binary == "" {
		opt.Binary = filepath.Join(temp, "tcpflow-states")
		build := exec.CommandContext(ctx, "go", "build", "-o", opt.Binary, "./cmd/tcpflow-states")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	var out bytes.Buffer
	if err := bench.Run(ctx, io.MultiWriter(os.Stdout, &out), opt); err != nil || *page == "" {
		return err
	}
	return markdown.Put(*page, "bench", func(w io.Writer) { w.Write(out.Bytes()) })
}
