package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// failure is an error with the exit code and the hint that go with it.
type failure struct {
	code int
	err  error
	help string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func (f *failure) hint(format string, args ...any) *failure {
	f.help = fmt.Sprintf(format, args...)
	return f
}

// usagef returns an error of the command line.
func usagef(format string, args ...any) *failure {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// fail prints an error with its hint and returns the exit code for it.
func (a *app) fail(err error) int {
	if errors.Is(err, errQuiet) {
		return a.code
	}
	f := explain(err)
	lines := strings.Split(f.err.Error(), "\n") // several files may have failed
	for _, line := range lines[:min(len(lines), mostFaults)] {
		a.errorf("%s", line)
	}
	if more := len(lines) - mostFaults; more > 0 {
		a.errorf("%s, not shown", phrase.Counted(more, "more error", "more errors"))
	}
	if f.help != "" {
		a.hintf("%s", f.help)
	}
	return f.code
}

// explain finds the exit code, the words and the hint for an error.
func explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	f = translate(err)
	// "-" is what capture calls it.
	if rest, ok := strings.CutPrefix(f.err.Error(), `"-": `); ok {
		f.err = fmt.Errorf("standard input: %s", rest)
		if errors.Is(err, capture.ErrEmpty) {
			f.err = errors.New("standard input is empty")
		}
	}
	return f
}

// translate finds them for an error of another package.
func translate(err error) *failure {
	var (
		input  *capture.InputError
		cut    *capture.CutError
		filter *capture.FilterError
		path   *fs.PathError
	)
	switch {
	case errors.As(err, &input):
		return &failure{exitInput, err, input.Hint}
	case errors.As(err, &cut):
		return &failure{exitInput, err, ""}
	case errors.As(err, &filter):
		f := &failure{exitUsage, err, "the syntax is that of pcap-filter(7), such as: host 10.0.0.1 and port 443"}
		if errors.Is(err, capture.ErrNoFilter) {
			f.help = "--host and --port work without libpcap; " + buildWithLibpcap
		}
		return f
	case errors.Is(err, capture.ErrNoLive):
		return &failure{exitInput, err, buildWithLibpcap + "; or pipe: tcpdump -w - | tcpflow-states -"}
	case errors.Is(err, capture.ErrPermission):
		return &failure{exitPermission, err, permissionHint()}
	case errors.Is(err, capture.ErrNoInterface):
		return &failure{exitInput, err, "tcpflow-states interfaces lists them"}
	case errors.As(err, &path):
		f := &failure{code: exitInput, err: fmt.Errorf("cannot %s %q: %w", path.Op, path.Path, path.Err)}
		if errors.Is(err, fs.ErrPermission) {
			f.code = exitPermission
		}
		if errors.Is(err, fs.ErrNotExist) && filterWord(path.Path) {
			f.help = "behind -r FILE the words are a filter: tcpflow-states -r FILE " + path.Path + " …"
		}
		return f
	}
	// What is left comes from cobra, before any command has run.
	return &failure{exitInput, err, ""}
}

// filterWord reports whether an expression of pcap-filter(7) may begin with a word.
func filterWord(s string) bool {
	return slices.Contains([]string{"tcp", "ip", "ip6", "host", "port", "portrange", "net", "src", "dst", "vlan", "not", "and"}, s)
}

const buildWithLibpcap = "to enable it, install libpcap's headers (libpcap-dev, libpcap-devel) and a C compiler, then build again with make build"

// flagError turns pflag's complaint into ours, with the flag that may have been
// meant.
func flagError(cmd *cobra.Command, err error) error {
	var (
		value   *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
		unknown *pflag.NotExistError
	)
	switch {
	case errors.As(err, &value):
		f := usagef("--%s %q: not a %s", value.GetFlag().Name, value.GetValue(), valueWord(value.GetFlag().Value.Type()))
		if value.GetFlag().Value.Type() == "duration" {
			return f.hint("such as 500ms, 60s or 2m")
		}
		if strings.HasSuffix(value.GetFlag().Value.Type(), "Slice") {
			return f.hint("such as a or a,b, without quotation marks")
		}
		return f
	case errors.As(err, &missing):
		name, _ := pflag.UnquoteUsage(missing.GetFlag())
		return usagef("--%s needs a value: %s", missing.GetFlag().Name, name)
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		f := usagef("unknown flag %s%s", dashes, printable(name))
		if help := flagHint(cmd, name); help != "" {
			return f.hint("%s", help)
		}
		return f.hint("%s --help lists the flags", cmd.CommandPath())
	}
	return usagef("%w", err)
}

// valueWord says what a flag of pflag's type takes.
func valueWord(kind string) string {
	switch kind {
	case "duration":
		return "duration"
	case "bool":
		return "boolean (true or false)"
	case "stringSlice":
		return "list of names"
	}
	return "number"
}

// flagHint tells what an unknown flag may have meant.
func flagHint(cmd *cobra.Command, word string) string {
	if word == "i" || word == "interface" {
		return "to capture on an interface: tcpflow-states live -i INTERFACE"
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if name := nearest(word, names); name != "" && len(word) > 1 {
		return "did you mean --" + name + "?"
	}
	return ""
}
