// Package bench measures the program as a whole beside other readers of
// captures, on traces of its own making, and holds what it answers against what
// is in them.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// Options choose what is measured.
type Options struct {
	Binary string // our program
	Dir    string // where the traces are kept
	Rounds int
	Short  bool     // small traces: to try it out
	Alone  bool     // leave out the peers, but for tcpdump
	Only   []string // kinds of traces; all when empty
	Limits Limits   // of each run of a peer
	Log    io.Writer
}

// Run makes the traces, measures, and writes the tables to w. An answer of ours
// that is not right is an error.
func Run(ctx context.Context, w io.Writer, opt Options) error {
	matches := plan(opt.Binary, opt.Short)
	results := make([]*Result, len(matches))
	fmt.Fprintf(w, "%d processors, %s/%s, %s; %s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), versions(ctx))
	for i := range matches {
		m := &matches[i]
		if len(opt.Only) > 0 && !slices.Contains(opt.Only, m.kind) {
			continue
		}
		fmt.Fprintf(opt.Log, "%s\n", m.title)
		file, err := makeFile(opt.Dir, m.kind, m.n)
		if err != nil {
			return err
		}
		r := &Result{Title: m.title, File: file}
		if err := m.run(ctx, r, &opt); err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
		r.write(w)
		results[i] = r
	}
	if !opt.Short { // a short run is mostly start-up
		if list := bars(results); len(list) > 0 {
			writeBars(w, list)
		}
	}
	return nil
}

// run runs the tools in turn, round by round, so that what disturbs the machine
// for a while disturbs them all.
func (m *match) run(ctx context.Context, r *Result, opt *Options) error {
	tools := append([]tool{copying}, m.modes...)
	if m.peers && !opt.Alone {
		tools = append(tools, peers...)
	}
	for i := range tools {
		row := &Row{Name: tools[i].name, packets: r.File.Packets}
		if _, err := exec.LookPath(tools[i].args[0]); err != nil {
			row.Note = "not installed"
		}
		r.Rows = append(r.Rows, row)
	}
	for round := range opt.Rounds {
		for i := range tools {
			row := r.Rows[i]
			if row.Note != "" || tools[i].check == nil && round > 0 && row.Runs[0].Wall > slow {
				continue
			}
			if round == 0 && tools[i].check != nil {
				if err := tools[i].verify(ctx, &m.right, r.File); err != nil {
					return fmt.Errorf("%s: wrong answer: %w", tools[i].name, err)
				}
			}
			u, err := m.once(ctx, &tools[i], r.File, opt)
			var over exceeded
			switch {
			case errors.As(err, &over):
				row.Note = over.Error()
			case err != nil && (tools[i].check != nil || ctx.Err() != nil):
				return err
			case err != nil:
				row.Note = "failed"
				fmt.Fprintln(opt.Log, " ", err)
			default:
				row.Runs = append(row.Runs, u)
			}
			fmt.Fprintf(opt.Log, "  %d %-32s %s %s %s\n", round+1, row.Name, seconds(u.Wall), memory(u.Memory), row.Note)
		}
	}
	return nil
}

// once runs a tool once for its time. What it prints goes nowhere.
func (m *match) once(ctx context.Context, t *tool, f *File, opt *Options) (Usage, error) {
	limits := opt.Limits
	if t.check != nil {
		limits = Limits{}
	}
	return measure(ctx, t.command(f.Path), nil, limits)
}

// checker holds an output against what is in the trace.
type checker func(out io.Reader, want tracegen.Counts) error

// verify runs one of ours for its answer; the time it takes is not counted.
func (t *tool) verify(ctx context.Context, r *right, f *File) error {
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := t.check(r)(out, f.Counts)
		io.Copy(io.Discard, out)
		done <- err
	}()
	_, err := measure(ctx, t.command(f.Path), in, Limits{})
	in.Close()
	return errors.Join(err, <-done)
}

var version = regexp.MustCompile(`\d+(\.\d+)+`)

// versions names the tools that are installed.
func versions(ctx context.Context) string {
	var list []string
	for _, args := range [][]string{{"tcpdump", "--version"}, {"capinfos", "--version"}, {"argus", "-h"}, {"tcptrace", "-version"}, {"tshark", "--version"}} {
		out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		list = append(list, fmt.Sprintf("%s %s", args[0], bytes.TrimSpace(version.Find(out))))
	}
	return strings.Join(list, ", ")
}
