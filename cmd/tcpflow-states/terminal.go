package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unicode/utf8"

	"golang.org/x/term"
)

// The rules of the terminal:
//
//   - Results, and nothing else, go to standard output; so does help that was
//     asked for. Errors, hints and progress go to standard error.
//   - An error is one line, "tcpflow-states: error: …". Where something can be
//     done about it a second line says what, "tcpflow-states: hint: …".
//   - Colour only on a terminal, unless --color says otherwise; never with a
//     non-empty NO_COLOR or TERM=dumb. It carries no meaning of its own.
//   - A report on a terminal goes through $PAGER, unless --no-pager says otherwise.
//   - Progress only if standard error is a terminal, and only after half a second;
//     a status line of live only if it is one that can take a line back (not
//     TERM=dumb). Either is gone before anything else is printed.
//   - Output is as wide as the terminal; 100 columns where there is none.
//   - If the reader of standard output goes away, the program ends quietly.
//   - Nothing that comes from a packet or a file reaches the terminal unescaped.

func (a *app) errorf(format string, args ...any) {
	a.complain("error: ", format, args...)
}

func (a *app) hintf(format string, args ...any) {
	a.complain("hint: ", format, args...)
}

// noticef tells something that is no trouble.
func (a *app) noticef(format string, args ...any) {
	a.complain("", format, args...)
}

func (a *app) complain(kind, format string, args ...any) {
	text := "tcpflow-states: " + kind + printable(fmt.Sprintf(format, args...))
	if a.screen.hold(text) {
		return
	}
	a.status.clear()
	fmt.Fprintln(a.stderr, text)
}

// printable makes text, which may hold what the user or a file put there, safe for
// a terminal and for one line.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		i += size
	}
	return b.String()
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// widest is how far text is spread on a large terminal.
const widest = 140

// columns is the width of text on standard output.
func (a *app) columns() int {
	if w, _, err := term.GetSize(int(a.stdout.Fd())); err == nil && w > 0 {
		return min(w, widest)
	}
	return 0 // the renderers' default
}

// useColor decides what --color auto means.
func (a *app) useColor() bool {
	return isTerminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// results is standard output, buffered, with its first error kept.
type results struct {
	*bufio.Writer
	to     io.Writer // standard output, or a pager in front of it
	err    error
	closed atomic.Bool // nobody reads any more; asked by other goroutines
}

func newResults(a *app) *results {
	r := &results{to: a.stdout}
	r.Writer = bufio.NewWriterSize(writerFunc(func(p []byte) (int, error) {
		a.status.clear()
		n, err := r.to.Write(p)
		if err != nil && r.err == nil {
			r.err = err
			r.closed.Store(errors.Is(err, syscall.EPIPE))
		}
		return n, err
	}), 64<<10)
	return r
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// gone tells whether the reader has had enough.
func (r *results) gone() bool { return r.closed.Load() }

// failed returns the error that the user must hear of.
func (r *results) failed() error {
	r.Flush()
	if r.err == nil || r.gone() {
		return nil
	}
	return &failure{code: exitOutput, err: fmt.Errorf("cannot write to standard output: %w", cause(r.err))}
}

// cause is what the operating system says, without the file's name.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
