package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A file of defaults has lines such as "msl = 30s": a flag's long name and what it is to
// be. That is what the command line says, read by the same code and refused in the same
// words; a value needs no quotation marks, which an expression of --where is full of.

// defaultable are the flags that may stand in a file of defaults: what counts, and how
// text looks. What names inputs and outputs, is about one capture, or chooses the format
// that a script reads stays on the command line.
var defaultable = []string{
	"where", "verdict", "check", "severity", "service", "ignore", "only", "fail-on", "set", "msl", "linger",
	"timelines", "full", "filters", "sort", "by", "limit", "time", "abs-seq", "color", "ascii", "width", "no-pager",
	"every", "workers", "max-connections", "memory", "no-checksums",
}

// mostDefaults bounds a file of defaults, in bytes.
const mostDefaults = 64 << 10

// setting is a line of a file of defaults.
type setting struct {
	line        int
	name, value string
}

// defaults is a file of them.
type defaults struct {
	file string
	list []setting
	used []string // what none on the command line took the place of
}

// failure is an error in a line.
func (d *defaults) failure(line int, format string, args ...any) *failure {
	return usagef("%q, line %d: "+format, append([]any{d.file, line}, args...)...)
}

// takeDefaults sets the flags that the command line has not set to what the file of
// defaults says.
func (o *options) takeDefaults(cmd *cobra.Command) error {
	name, asked := o.config, cmd.Flags().Changed("config")
	if o.noConfig {
		if asked {
			return usagef("--config and --no-config exclude each other")
		}
		return nil
	}
	d := &o.defaults
	text, err := []byte(nil), error(nil)
	if e := asInvoker(func(home string) {
		if !asked {
			name = usualConfig(home)
		}
		if name != "" {
			text, err = readDefaults(name)
		}
	}); errors.Is(e, errNoInvoker) && !asked {
		return nil // where root is not to be kept, that is refused later on
	} else if e != nil {
		return usagef("%w", e)
	}
	switch missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR); {
	case name == "" || missing && !asked:
		return nil
	case err != nil:
		f := translate(err)
		if f.help == "" && !asked {
			f.help = "--no-config does without it"
		}
		return f
	}
	d.file = name
	if err := d.parse(text); err != nil {
		return err
	}
	return d.apply(cmd.Flags())
}

// usualConfig is the file of defaults where none is named. What is relative would lie in
// the working directory, whosever that is.
func usualConfig(home string) string {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "tcpflow-states", "config")
}

// readDefaults reads a file of defaults, or of one that is too large enough to tell.
func readDefaults(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() { // a FIFO, for one, would have us wait
		return nil, &failure{code: exitInput, err: fmt.Errorf("%q is no regular file, which a file of defaults must be", name)}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostDefaults+1))
}

// parse reads the lines, and holds each by itself against what its flag takes.
func (d *defaults) parse(text []byte) error {
	switch {
	case bytes.IndexByte(text, 0) >= 0 || len(text) <= mostDefaults && !utf8.Valid(text):
		return usagef("%q is not text", d.file).hint("a file of defaults has lines such as: msl = 30s")
	case len(text) > mostDefaults:
		return usagef("%q is too large for a file of defaults: %d KiB are the most", d.file, mostDefaults>>10)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	given := map[string]int{}
	for i, line := range strings.Split(string(text), "\n") {
		s := setting{line: i + 1}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var has bool
		s.name, s.value, has = strings.Cut(strings.TrimPrefix(line, "--"), "=")
		s.name, s.value = strings.TrimSpace(s.name), strings.TrimSpace(s.value)
		if words := strings.Fields(s.name); !has && len(words) > 1 && slices.Contains(defaultable, words[0]) {
			return d.failure(s.line, "there is no = behind %s", words[0]).hint("such as: msl = 30s")
		}
		flag, err := d.flag(s, has)
		if err != nil {
			return err
		}
		if !has {
			s.value = flag.NoOptDefVal
		}
		if before := given[s.name]; before > 0 && !several(flag) {
			return d.failure(s.line, "%s stands in line %d already", s.name, before)
		}
		given[s.name] = s.line
		if err := d.try([]setting{s}); err != nil {
			return d.inLine(s.line, err)
		}
		d.list = append(d.list, s)
	}
	if err := d.try(d.list); err != nil { // what does not go together
		f := explain(err)
		return usagef("%q: %w", d.file, f.err).hint("%s", f.help)
	}
	return nil
}

// flag returns the flag that a line is about.
func (d *defaults) flag(s setting, has bool) (*pflag.Flag, error) {
	set, _ := scratch()
	if !slices.Contains(defaultable, s.name) {
		if set.Lookup(s.name) != nil || slices.Contains([]string{"read", "write", "merge", "interface"}, s.name) {
			return nil, d.failure(s.line, "%q stands on the command line only", s.name).hint("here may be %s", listed(defaultable))
		}
		f := d.failure(s.line, "there is no flag %q", excerpt(s.name))
		if n := nearest(s.name, defaultable); n != "" {
			return nil, f.hint("did you mean %s?", n)
		}
		return nil, f.hint("a line is a flag's long name, = and its value, such as: msl = 30s")
	}
	flag := set.Lookup(s.name)
	if !has && flag.NoOptDefVal == "" {
		return nil, d.failure(s.line, "%s has no value", s.name).hint("such as: msl = 30s")
	}
	return flag, nil
}

// inLine puts a line's place before what is wrong with it.
func (d *defaults) inLine(line int, err error) error {
	f := explain(err)
	e := d.failure(line, "%w", f.err)
	e.help = f.help
	return e
}

// several tells whether a flag may be given several times.
func several(f *pflag.Flag) bool {
	return strings.HasPrefix(f.Value.Type(), "string") && f.Value.Type() != "string"
}

// excerpt is the beginning of a text, for a message.
func excerpt(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// scratch returns flags to try values on.
func scratch() (*pflag.FlagSet, *options) {
	var o options
	cmd := &cobra.Command{}
	o.addFlags(cmd)
	return cmd.Flags(), &o
}

// try tells what is wrong with settings.
func (d *defaults) try(list []setting) error {
	flags, o := scratch()
	for _, s := range list {
		if err := flags.Set(s.name, s.value); err != nil {
			return flagError(nil, err)
		}
	}
	return o.check()
}

// set tells whether it is the file that sets a flag.
func (d *defaults) set(name string) bool {
	return slices.ContainsFunc(d.used, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}

// apply sets the flags that the command line has not.
func (d *defaults) apply(flags *pflag.FlagSet) error {
	given := map[string]bool{}
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	given["ignore"] = given["ignore"] || given["only"] // which do not go together
	given["only"] = given["only"] || given["ignore"]
	thresholds := flags.Lookup("set").Value.(pflag.SliceValue)
	theirs := thresholds.GetSlice()
	for _, s := range d.list {
		if given[s.name] && s.name != "set" || flags.Lookup(s.name) == nil { // a command has not all of them
			continue
		}
		if err := flags.Set(s.name, s.value); err != nil {
			return d.inLine(s.line, flagError(nil, err))
		}
		d.used = append(d.used, s.name+"="+s.value)
	}
	if given["set"] { // the last of a threshold counts
		return thresholds.Replace(append(thresholds.GetSlice()[len(theirs):], theirs...))
	}
	return nil
}
