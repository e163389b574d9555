package report

import (
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Options say how to render. The zero value is plain text in 100 columns that
// leaves nothing out; DefaultOptions is what a command should start from.
type Options struct {
	Width       int            // columns that no line exceeds; 0 means 100, less than MinWidth means MinWidth
	Color       bool           // SGR colours; they never carry a meaning alone
	ASCII       bool           // no character outside ASCII
	AbsSeq      bool           // sequence numbers as on the wire, not relative to the initial ones
	Time        TimeFormat     // the time column of timelines
	Zone        *time.Location // zone of LocalTime; nil means the machine's
	Full        bool           // unfold runs of plain segments
	Limit       int            // rows of the connection table, of a timeline, of findings; 0 means all
	Multi       bool           // print frames as file:number; several Sources set it by themselves
	Sources     []string       // names of the sources; a report that has them need not be told
	Timelines   bool           // Text adds a timeline of every connection
	Filters     bool           // adds Wireshark's display filters of connections and findings to text
	SummaryOnly bool           // no connections, in text, JSON and NDJSON alike
	Tool        Tool           // who made the report, for JSON
	Lines       bool           // connections were written by Line as they ended: no table of them
	Command     string         // the command line that --conn N can be added to, to see one connection; may be empty
	Sort        string         // one of SortKeys: the order of the connections; empty means "cost"
	Fields      []string       // with NDJSON and CSV: only these of a connection; UnknownField checks them
	By          string         // one of Groupings: groups in place of the connections

	// Defaults are settings that came from a file of defaults, and not from who asked for
	// the report.
	Defaults struct {
		File     string
		Settings []string // such as "msl=30s"
	}

	Checks []record.CheckDoc // the catalogue, for SARIF's rules
	FailOn record.Severity   // from which on JUnit calls a finding a failure; SeverityCapture, the zero value, means SeverityError
}

// Tool names the program and its version in JSON.
type Tool struct {
	Name    string
	Version string
}

// defaultsText says what a file of defaults set, "" for nothing.
func (o *Options) defaultsText() string {
	if d := &o.Defaults; len(d.Settings) > 0 {
		return d.File + ": " + strings.Join(d.Settings, ", ")
	}
	return ""
}

// defaultWidth and MinWidth are the columns of text when nothing is asked for,
// and the fewest in which a timeline still makes sense.
const (
	defaultWidth = 100
	MinWidth     = 80
	defaultLimit = 50
)

// DefaultOptions returns 100 columns without colour and at most 50 rows a table.
func DefaultOptions() Options {
	return Options{Width: defaultWidth, Limit: defaultLimit}
}

func (o Options) width() int {
	if o.Width == 0 {
		return defaultWidth
	}
	return max(o.Width, MinWidth)
}

func (o Options) zone() *time.Location {
	if o.Zone == nil {
		return time.Local
	}
	return o.Zone
}

// forReport completes the options with what the report itself decides.
func (o Options) forReport(r *record.Report) Options {
	if len(r.Capture.Sources) > 0 {
		o.Sources = nil
		for i := range r.Capture.Sources {
			o.Sources = append(o.Sources, r.Capture.Sources[i].Name)
		}
	}
	return o.forSources()
}

// forSources completes the options with what the sources decide.
func (o Options) forSources() Options {
	o.Multi = o.Multi || len(o.Sources) > 1
	return o
}

// TimeFormat selects what a timeline's time column counts.
type TimeFormat uint8

// The time formats. RelativeTime counts seconds from the connection's first
// packet, DeltaTime from the segment before; the others are absolute.
const (
	RelativeTime TimeFormat = iota
	DeltaTime
	LocalTime
	UTCTime
	EpochTime
)

var timeFormatNames = [...]string{"relative", "delta", "local", "utc", "epoch"}

// String returns "relative", "delta", "local", "utc" or "epoch".
func (f TimeFormat) String() string {
	if int(f) < len(timeFormatNames) {
		return timeFormatNames[f]
	}
	return "invalid"
}

// ParseTimeFormat returns the format that has the given name; "rel" is short
// for "relative".
func ParseTimeFormat(name string) (TimeFormat, bool) {
	if name == "rel" {
		return RelativeTime, true
	}
	for i, n := range timeFormatNames {
		if n == name {
			return TimeFormat(i), true
		}
	}
	return RelativeTime, false
}
