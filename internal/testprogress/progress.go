package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// event is one line of go test -json, as go doc test2json describes it.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
}

// progress gathers what tests print until it is known whether they failed.
type progress struct {
	out     io.Writer
	start   time.Time
	running map[string]*pkg
	build   map[string][]string // what the compiler says, by import path
}

type pkg struct {
	order  []string // tests in the order in which they began; "" is the package itself
	output map[string][]string
	under  map[string]bool // tests under way
	failed map[string]bool
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, start: time.Now(), running: map[string]*pkg{}, build: map[string][]string{}}
}

func (p *progress) take(e event) {
	switch e.Action {
	case "build-output":
		p.build[e.ImportPath] = append(p.build[e.ImportPath], e.Output)
		return
	case "build-fail":
		fmt.Fprint(p.out, strings.Join(p.build[e.ImportPath], ""))
		return
	}
	k := p.running[e.Package]
	if k == nil {
		k = &pkg{output: map[string][]string{}, under: map[string]bool{}, failed: map[string]bool{}}
		p.running[e.Package] = k
	}
	if !slices.Contains(k.order, e.Test) {
		k.order = append(k.order, e.Test)
	}
	switch e.Action {
	case "run", "cont":
		k.under[e.Test] = true
	case "pause":
		delete(k.under, e.Test)
	case "output":
		k.output[e.Test] = append(k.output[e.Test], e.Output)
	case "pass", "skip", "fail":
		delete(k.under, e.Test)
		k.failed[e.Test] = e.Action == "fail"
		if e.Test == "" {
			p.end(e.Package, k)
		} else if e.Action != "fail" {
			delete(k.output, e.Test)
		}
	}
}

// end prints a package's own lines, and above them those of the tests that failed,
// or had not ended when the package did.
func (p *progress) end(name string, k *pkg) {
	delete(p.running, name)
	if k.failed[""] {
		for _, test := range k.order {
			if _, ended := k.failed[test]; test != "" && (k.failed[test] || !ended) {
				for _, line := range k.output[test] {
					if !strings.HasPrefix(line, "=== ") {
						fmt.Fprint(p.out, line)
					}
				}
			}
		}
	}
	for _, line := range k.output[""] {
		if k.failed[""] || strings.Contains(line, "\t"+name) {
			fmt.Fprint(p.out, line)
		}
	}
}

// tell says what is running, with the tests that are under way.
func (p *progress) tell() {
	var names []string
	for name, k := range p.running {
		var tests []string
		for test := range k.under {
			if test != "" && !slices.ContainsFunc(k.order, func(other string) bool { return k.under[other] && strings.HasPrefix(other, test+"/") }) {
				tests = append(tests, test)
			}
		}
		slices.Sort(tests)
		if len(tests) > 3 {
			tests = append(tests[:3], "…")
		}
		if i := strings.LastIndex(name, "/"); i >= 0 {
			name = name[i+1:]
		}
		if len(tests) > 0 {
			name += " (" + strings.Join(tests, ", ") + ")"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	what := "compiling"
	if len(names) > 0 {
		what = "running " + strings.Join(names, ", ")
	}
	fmt.Fprintf(p.out, "… %d s: %s\n", int(time.Since(p.start).Seconds()), what)
}
