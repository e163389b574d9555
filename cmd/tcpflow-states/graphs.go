package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// graphs writes what is drawn of the connections chosen: the page of --html and the series
// of --series. A nil graphs writes nothing.
type graphs struct {
	page   *graphFile
	series report.Writer
	dir    string
	err    error // of making a file there
	added  int   // connections
	made   int   // files for xplot
}

// graphFile is the file of --html, which nothing is written to before the end.
type graphFile struct {
	report.Writer
	name string
	file *os.File // nil for standard output
}

// seriesMemory is what the segments of the connections that are open at a time may take in
// their compact form: some 80 million of them. Of one connection a sixteenth of that is kept.
const seriesMemory = 512 << 20

// draws reports whether anything is to be drawn.
func (o *options) draws() bool { return o.html != "" || o.series != "" }

// explainsAll reports whether the page of --html is to have the tests that each frame met: those
// of the first connections of a file that is not large, or of those of --conn. What the report
// prints does not change by that.
func (o *output) explainsAll() bool {
	return o.opt.html != "" && o.opt.text() && !o.live && !o.large && o.opt.frame == 0 && len(o.opt.explain) == 0
}

// mostJudged is up to which frame of a file its judgement is kept for the page: they take much
// memory.
const mostJudged = 20_000

// checkGraphs refuses what does not go together with --html and --series.
func (o *options) checkGraphs() error {
	switch {
	case o.html == "-" && (!o.text() || o.summaryOnly || len(o.explain)+len(o.explainFrame) > 0):
		return usagef("--html -: the report goes to standard output").hint("name a file")
	case o.html == "-":
		o.quiet = true // the page takes the report's place
	}
	return nil
}

// graphsOf creates the files of --html and --series; nil without them. The files to be read
// must not be among them.
func (a *app) graphsOf(o *options, inputs []string) (*graphs, error) {
	if !o.draws() {
		return nil, nil
	}
	g := &graphs{dir: o.series}
	render := o.render(a)
	render.Multi = len(inputs) > 1 || o.follow
	for _, f := range inputs {
		if in, err := os.Stat(f); err == nil && o.html != "-" {
			if out, err := os.Stat(o.html); err == nil && os.SameFile(in, out) {
				return nil, usagef("--html %q is one of the files to read", o.html)
			}
		}
	}
	if o.series != "" {
		if err := os.MkdirAll(g.dir, 0o777); err != nil {
			return nil, writeFailure(g.dir, err)
		}
		if g.series = report.Graphs(nil, g.create, render); g.err != nil {
			return nil, writeFailure(g.dir, g.err)
		}
	}
	switch o.html {
	case "":
	case "-":
		g.page = &graphFile{report.Graphs(a.stdout, nil, render), "", nil}
	default:
		file, err := createFile(o.html)
		if err != nil {
			return nil, writeFailure(o.html, err)
		}
		g.page = &graphFile{report.Graphs(file, nil, render), o.html, file}
	}
	return g, nil
}

// create makes a file of the series.
func (g *graphs) create(name string) (*os.File, error) {
	file, err := createFile(filepath.Join(g.dir, name))
	if err != nil && g.err == nil {
		g.err = err
	}
	if strings.HasSuffix(name, ".xpl") {
		g.made++
	}
	return file, err
}

// add takes a connection that has ended.
func (g *graphs) add(c *record.Connection) {
	if g == nil {
		return
	}
	if g.page != nil {
		g.page.Connection(c) // it fails at the end only
	}
	if g.series != nil {
		g.added++
		g.series.Connection(c) // so does this
	}
}

// finish writes what is left and closes the files.
func (g *graphs) finish(r *record.Report, a *app, quiet bool) error {
	if g == nil {
		return nil
	}
	bare := *r
	bare.Connections = nil // they came as they ended
	if g.page != nil {
		switch err := g.page.finish(&bare); {
		case err == nil:
		case g.page.file != nil:
			return writeFailure(g.page.name, err)
		case !errors.Is(err, syscall.EPIPE): // else the reader has had enough
			return &failure{code: exitOutput, err: fmt.Errorf("cannot write to standard output: %w", cause(err))}
		}
		if !quiet {
			a.noticef("graphs written to %q", g.page.name)
		}
	}
	if g.series != nil {
		if err := g.series.Finish(&bare); err != nil {
			return writeFailure(g.dir, err)
		}
		if !quiet {
			a.noticef("series written to %q", g.dir)
		}
		if drawn := g.made / 2; drawn < g.added { // one for each direction
			a.noticef("%q has the xplot files of the first %s; %s have none", g.dir, phrase.Counted(uint64(drawn), "connection", "connections"), phrase.Count(uint64(g.added-drawn)))
		}
	}
	return nil
}

func (f *graphFile) finish(r *record.Report) error {
	err := f.Finish(r)
	if f.file != nil {
		if e := f.file.Close(); err == nil {
			err = e
		}
	}
	return err
}
