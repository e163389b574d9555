package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Text writes the whole report for people: what is wrong, how the services did, the
// capture's summary, the table of connections, the anomalies and, when Options.Timelines asks for them, the
// timelines.
func Text(w io.Writer, r *record.Report, o Options) error {
	o = o.forReport(r)
	return digestOf(r, o).write(w, r, o)
}

// Summary writes what is wrong, how the services did, what was read and how far it can
// be trusted.
func Summary(w io.Writer, r *record.Report, o Options) error {
	return render(w, o.forReport(r), func(p *page) { p.firstScreen(r) })
}

// Anomalies writes all findings, the worst first.
func Anomalies(w io.Writer, r *record.Report, o Options) error {
	return render(w, o.forReport(r), func(p *page) { p.findings(digestOf(r, o), r) })
}

// Timelines writes every connection's timeline.
func Timelines(w io.Writer, r *record.Report, o Options) error {
	return render(w, o.forReport(r), func(p *page) { p.timelines(digestOf(r, o)) })
}
