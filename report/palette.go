package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// A style is an SGR parameter list. Styles only underline what words already
// say: a report reads the same with all of them off.
type style string

const (
	plain   style = ""
	bold    style = "1"
	dim     style = "2"
	red     style = "1;31"
	yellow  style = "33"
	cyan    style = "36"
	magenta style = "35"
	green   style = "32"
)

// glyphs are the few characters outside ASCII that layouts use, and what stands
// for them where they cannot be shown.
type glyphs struct {
	right, left     string // arrowheads
	arrow, back     string // in text
	shaft, rule     string
	lifeline        string
	ellipsis, below string
	dot             string
}

var unicodeGlyphs = glyphs{
	right: "→", left: "←", arrow: "→", back: "←", shaft: "─", rule: "─", lifeline: "│", ellipsis: "…", below: "└", dot: "·",
}

var asciiGlyphs = glyphs{
	right: ">", left: "<", arrow: "->", back: "<-", shaft: "-", rule: "-", lifeline: "|", ellipsis: "...", below: "`", dot: "-",
}

var severityStyles = [...]style{
	record.SeverityCapture: magenta,
	record.SeverityNote:    cyan,
	record.SeverityWarning: yellow,
	record.SeverityError:   red,
}

// severityMarks stand in a timeline's margin; the word follows below the line.
var severityMarks = [...]string{
	record.SeverityCapture: "~",
	record.SeverityNote:    "*",
	record.SeverityWarning: "!",
	record.SeverityError:   "!!",
}

func severityStyle(s record.Severity) style { return severityStyles[s&3] }
