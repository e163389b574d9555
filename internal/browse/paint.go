package browse

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// paint colours text. Reverse, bold and dim text are no colours, and are there without any;
// the cursor must be.
type paint struct {
	color bool
	glyphs
}

// glyphs are the few characters outside ASCII that the screen uses.
type glyphs struct{ arrow, ellipsis, rule, dot, mark, cursor string }

func glyphsOf(ascii bool) glyphs {
	if ascii {
		return glyphs{"->", "...", "-", "-", "+", ">"}
	}
	return glyphs{"→", "…", "─", "·", "●", "▶"}
}

func sgr(code, s string) string { return "\x1b[" + code + "m" + s + "\x1b[m" }

func (p paint) bar(s string) string    { return sgr("7", s) }
func (p paint) cursor(s string) string { return sgr("7", ansi.Strip(s)) }
func (p paint) strong(s string) string { return sgr("1", s) }
func (p paint) quiet(s string) string  { return sgr("2", s) }

func (p paint) in(code, s string) string {
	if !p.color || s == "" {
		return s
	}
	return sgr(code, s)
}

// severity colours by how bad something is.
func (p paint) severity(w *Row, s string) string {
	switch {
	case w.failed() || w.Worst > 0 && w.Severity == record.SeverityError:
		return p.in("31", s)
	case w.Worst > 0 && w.Severity == record.SeverityWarning || w.verdict().Concern == record.ConcernTrouble:
		return p.in("33", s)
	}
	return s
}

func cells(s string) int { return ansi.StringWidth(s) }

// cut shortens text to n cells.
func cut(s string, n int, p paint) string {
	if cells(s) <= n {
		return s
	}
	return ansi.Truncate(s, max(0, n), p.ellipsis)
}

// fit makes text exactly n cells wide.
func fit(s string, n int, p paint) string {
	s = cut(s, n, p)
	return s + strings.Repeat(" ", max(0, n-cells(s)))
}

// fitRight does so with the blanks in front.
func fitRight(s string, n int, p paint) string {
	s = cut(s, n, p)
	return strings.Repeat(" ", max(0, n-cells(s))) + s
}

// fill puts text at both ends of n cells.
func fill(left, right string, n int, p paint) string {
	right = cut(right, n, p)
	left = cut(left, max(0, n-cells(right)), p)
	return left + strings.Repeat(" ", max(0, n-cells(left)-cells(right))) + right
}
