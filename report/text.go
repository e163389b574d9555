package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
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

// Timeline writes a connection's timeline, and returns for each of its lines the frame that
// it is about, 0 for none.
func Timeline(w io.Writer, c *record.Connection, o Options) (frames []fsm.Frame, err error) {
	err = render(w, o.forSources(), func(p *page) {
		p.linesOf = &frames
		p.timeline(c)
		p.legend([]*record.Connection{c})
	})
	return frames, err
}

// Timelines writes every connection's timeline.
func Timelines(w io.Writer, r *record.Report, o Options) error {
	return render(w, o.forReport(r), func(p *page) { p.timelines(digestOf(r, o)) })
}
