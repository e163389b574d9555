package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Format is one of the forms in which a report can be written.
type Format struct {
	Name string // what the command's --format calls it

	// Streams says that each connection is a line of its own, worth reading as soon as
	// it is written.
	Streams bool

	// Whole says that the format has everything of the record and follows Schema: the
	// segments too, where they were kept, and without its connections what is left.
	Whole bool

	// Picture says that it draws one connection, for which it needs the segments.
	Picture bool

	// New returns a Writer that writes to w. If connections are to come before the
	// report, Options.Sources must name what they are from, or Options.Multi say at
	// least whether there are several.
	New func(w io.Writer, o Options) Writer
}

// Formats are all forms of a report, a line each; a format has a file of its own.
var Formats = []Format{
	{Name: "text", New: newText},
	{Name: "json", Whole: true, New: newJSON},
	{Name: "ndjson", Streams: true, Whole: true, New: newNDJSON},
	{Name: "csv", Streams: true, New: newCSV},
	{Name: "csv-findings", Streams: true, New: newCSVFindings},
	{Name: "zeek", Streams: true, New: newZeekLog},
	{Name: "zeek-json", Streams: true, New: newZeekJSON},
	{Name: "sarif", New: newSARIF},
	{Name: "junit", New: newJUnit},
	{Name: "svg", Picture: true, New: newSVG},
}

// FindFormat returns the format of that name, or nil.
func FindFormat(name string) *Format {
	for i := range Formats {
		if Formats[i].Name == name {
			return &Formats[i]
		}
	}
	return nil
}

// Write writes a report with its connections in the format.
func (f *Format) Write(w io.Writer, r *record.Report, o Options) error {
	return f.New(w, o.forReport(r)).Finish(r)
}

// A Writer writes one report. It is not safe for concurrent use.
type Writer interface {
	// Connection takes a connection that is complete, and writes it now or soon. The
	// record may be used for another one afterwards.
	Connection(c *record.Connection) error

	// Finish takes the connections that the report holds, and writes all else. It does
	// not close what is written to.
	Finish(r *record.Report) error
}

// textWriter writes text, where the worst connections come first.
type textWriter struct {
	w      io.Writer
	o      Options
	digest *Digest
}

func newText(w io.Writer, o Options) Writer { return &textWriter{w, o, NewDigest(o)} }

func (w *textWriter) Connection(c *record.Connection) error {
	w.digest.Add(c)
	return nil
}

func (w *textWriter) Finish(r *record.Report) error {
	if w.digest.total == 0 {
		return Text(w.w, r, w.o)
	}
	for _, c := range r.Connections {
		w.digest.Add(c)
	}
	return w.digest.Write(w.w, r, w.o)
}
