package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tcpflow-states/tcpflow-states/capture"
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
	a.errorf("%v", f.err)
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
		return &failure{exitInput, err, "tcpflow-states interfaces tells more about them"}
	case errors.As(err, &path):
		f := &failure{code: exitInput, err: fmt.Errorf("cannot %s %q: %w", path.Op, path.Path, path.Err)}
		if errors.Is(err, fs.ErrPermission) {
			f.code = exitPermission
		}
		return f
	}
	// What is left comes from cobra, before any command has run.
	return &failure{exitInput, err, ""}
}

const buildWithLibpcap = "to have it, install libpcap's headers (libpcap-dev, libpcap-devel) and a C compiler, then build again with make build"

var unknownFlag = regexp.MustCompile(`^unknown (?:flag: --|shorthand flag: ')([^'\s]+)`)

// flagError turns pflag's complaint into ours, with the flag that may have been
// meant.
func flagError(cmd *cobra.Command, err error) error {
	f := usagef("%s", strings.TrimSuffix(err.Error(), "."))
	if help := flagHint(cmd, err); help != "" {
		return f.hint("%s", help)
	}
	return f.hint("%s --help lists the flags", cmd.CommandPath())
}

func flagHint(cmd *cobra.Command, err error) string {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	if m[1] == "i" || m[1] == "interface" {
		return "to capture on an interface: tcpflow-states live -i INTERFACE"
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if name := nearest(m[1], names); name != "" {
		return "did you mean --" + name + "?"
	}
	return ""
}
