package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Format is one of the forms in which a report can be written.
type Format struct {
	Name string // what the command's --format calls it

	// Streams says that each connection is written as soon as it is known, so that
	// neither the analyzer nor the format need keep any.
	Streams bool

	// Whole says that the format has everything of the record and follows Schema: the
	// segments too, where they were kept, and without its connections what is left.
	Whole bool

	// New returns a Writer that writes to w. For formats that stream, Options.Multi
	// must say whether there are several sources: connections come before the report
	// that would tell.
	New func(w io.Writer, o Options) Writer
}

// Formats are all forms of a report, a line each; a format has a file of its own.
var Formats = []Format{
	{Name: "text", New: whole(Text)},
	{Name: "json", Whole: true, New: whole(JSON)},
	{Name: "ndjson", Streams: true, Whole: true, New: newNDJSON},
	{Name: "zeek", Streams: true, New: newZeekLog},
	{Name: "zeek-json", Streams: true, New: newZeekJSON},
	{Name: "sarif", New: whole(sarifLog)},
	{Name: "junit", New: whole(junitXML)},
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
	return f.New(w, o).Finish(r)
}

// A Writer writes one report. It is not safe for concurrent use.
type Writer interface {
	// Connection writes a connection of a format that streams; those that do not
	// ignore it. The record is not kept.
	Connection(c *record.Connection) error

	// Finish writes the connections that the report holds, and all else. It does not
	// close what is written to.
	Finish(r *record.Report) error
}

// whole makes a format's constructor of a function that writes all at once.
func whole(write func(io.Writer, *record.Report, Options) error) func(io.Writer, Options) Writer {
	return func(w io.Writer, o Options) Writer { return &wholeWriter{write, w, o} }
}

type wholeWriter struct {
	write func(io.Writer, *record.Report, Options) error
	w     io.Writer
	o     Options
}

func (w *wholeWriter) Connection(*record.Connection) error { return nil }

func (w *wholeWriter) Finish(r *record.Report) error { return w.write(w.w, r, w.o) }
