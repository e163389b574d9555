// Package bench measures the program as a whole beside other readers of
// captures, on traces of its own making and on captures of real programs, and
// holds what it answers against what is in them.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// Options choose what is measured.
type Options struct {
	Binary   string // our program
	Dir      string // where the traces are kept
	Discard  bool   // remove each trace when it has been measured
	Rounds   int
	Short    bool     // small traces: to try it out
	Alone    bool     // leave out the peers, but for tcpdump
	Only     []string // kinds of traces or groups of them; all when empty
	Formats  []string // of Modes; those that a trace is meant for when empty
	Floods   int      // packets of each flood; 0 for the usual number
	Single   int      // packets of the longest single connections; 0 for the usual number
	Programs int      // packets of each capture of programs; 0 for the usual number
	Limits   Limits   // of each run
	Log      io.Writer
}

// Run makes the traces, measures, and writes the tables to w. An answer of ours
// that is not right is an error in the group of generated traces, and stands in
// the table in the others.
func Run(ctx context.Context, w io.Writer, opt Options) error {
	fmt.Fprintf(w, "%d processors, %s/%s, %s; %s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), versions(ctx))
	var all results
	list := opt.plan()
	for i := range list {
		m := &list[i]
		r := &Result{group: m.group, kind: m.kind, n: m.n, Title: m.title}
		all = append(all, r)
		fmt.Fprintf(opt.Log, "%s: %s\n", m.kind, m.title)
		if why := all.hopeless(m); why != "" {
			r.Note = why
		} else if err := m.measured(ctx, r, &opt); err != nil {
			return fmt.Errorf("%s: %w", m.kind, err)
		}
		if last := i+1 == len(list) || list[i+1].group != m.group; last || m.group == generated {
			all.write(w, m.group, r)
		}
	}
	if !opt.Short { // a short run is mostly start-up
		if list := all.bars(); len(list) > 0 {
			writeBars(w, list)
		}
	}
	return nil
}

// measured makes the trace and runs everything on it. A capture that cannot be
// made here is no error.
func (m *match) measured(ctx context.Context, r *Result, opt *Options) (err error) {
	if m.group == real {
		r.File, err = captureFile(ctx, opt, m.kind, m.n)
		var missing programs.Missing
		if errors.As(err, &missing) {
			r.Note = "not made: " + missing.Error()
			fmt.Fprintln(opt.Log, " ", r.Note)
			return nil
		}
	} else {
		r.File, err = makeFile(opt.Dir, m.kind, m.n)
	}
	if err != nil {
		return err
	}
	if err := m.run(ctx, r, opt); err != nil {
		return err
	}
	if opt.Discard {
		return os.Remove(r.File.Path)
	}
	return nil
}

// run runs the tools in turn, round by round, so that what disturbs the machine
// for a while disturbs them all.
func (m *match) run(ctx context.Context, r *Result, opt *Options) error {
	tools := m.tools(opt)
	for i := range tools {
		row := &Row{Name: tools[i].name, packets: r.File.Packets}
		if _, err := exec.LookPath(tools[i].args[0]); err != nil {
			row.Note = "not installed"
		} else if !tools[i].supported(ctx) {
			row.Note = "no " + tools[i].flag
		}
		r.Rows = append(r.Rows, row)
	}
	for round := range opt.Rounds {
		for i := range tools {
			row := r.Rows[i]
			if row.Note != "" || round > 0 && row.Runs[0].Wall > slow {
				continue
			}
			u, err := m.once(ctx, &tools[i], r.File, opt, round == 0)
			var over exceeded
			var wrong answer
			switch {
			case errors.As(err, &over):
				row.Note = over.Error()
			case errors.As(err, &wrong) && m.group != generated:
				row.Note = "wrong answer"
				r.Remarks = append(r.Remarks, fmt.Sprintf("%s: %s: %v", m.kind, tools[i].name, wrong.error))
				fmt.Fprintln(opt.Log, " ", err)
			case err != nil && (tools[i].check != nil || ctx.Err() != nil):
				return fmt.Errorf("%s: %w", tools[i].name, err)
			case err != nil:
				row.Note = "failed"
				fmt.Fprintln(opt.Log, " ", err)
			default:
				row.Runs = append(row.Runs, u)
			}
			fmt.Fprintf(opt.Log, "  %d %-32s %s (processors %s) %s %s\n", round+1, row.Name, seconds(u.Wall), seconds(u.CPU), memory(u.Memory), row.Note)
		}
	}
	return nil
}

// answer is the error of an answer that is not right.
type answer struct{ error }

func (a answer) Error() string { return "wrong answer: " + a.error.Error() }

// once runs a tool once for its time, and before that for its answer if that is
// to be checked. A summary is so short that one run serves for both.
func (m *match) once(ctx context.Context, t *tool, f *File, opt *Options, first bool) (Usage, error) {
	if !first || t.check == nil {
		return measure(ctx, t.command(f.Path), nil, opt.Limits)
	}
	if m.group != generated {
		var out bytes.Buffer
		if strings.Contains(t.name, "NDJSON") {
			return measure(ctx, t.command(f.Path), nil, opt.Limits)
		}
		u, err := measure(ctx, t.command(f.Path), &out, opt.Limits)
		if err != nil {
			return u, err
		}
		if err := t.check(&m.right)(&out, f.Counts); err != nil {
			return u, answer{err}
		}
		return u, nil
	}
	if err := t.verify(ctx, &m.right, f, opt.Limits); err != nil {
		return Usage{}, err
	}
	return measure(ctx, t.command(f.Path), nil, opt.Limits)
}

// checker holds an output against what is in the trace.
type checker func(out io.Reader, want tracegen.Counts) error

// verify runs one of ours for its answer; the time it takes is not counted.
func (t *tool) verify(ctx context.Context, r *right, f *File, limits Limits) error {
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := t.check(r)(out, f.Counts)
		io.Copy(io.Discard, out)
		done <- err
	}()
	_, err := measure(ctx, t.command(f.Path), in, limits)
	in.Close()
	wrong := <-done
	if err != nil {
		return err
	}
	if wrong != nil {
		return answer{wrong}
	}
	return nil
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
