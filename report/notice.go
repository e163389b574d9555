package report

import (
	"io"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// A NoticeWriter is a Writer that also tells what is found on open connections, as soon as it
// is known.
type NoticeWriter interface {
	Writer

	// Notice takes what is told, which may be used for another afterwards.
	Notice(n *record.Notice) error
}

// Notice tells what was found on an open connection, or that it is over, for output that
// grows: one line, and the finding in a sentence below.
func Notice(w io.Writer, n *record.Notice, o Options) error {
	return render(w, o, func(p *page) {
		lead := goTime(n.At).In(o.zone()).Format("15:04:05") + "  " + padRight("#"+number(n.Connection), 4) + " "
		what, st := noticeBriefly(n), dim
		if n.State != record.NoticeOver {
			st = severityStyle(n.Anomaly.Severity)
		}
		p.packed(lead, []string{addr(n.Client) + " " + p.g.arrow + " " + addr(n.Server), what}, st)
		if n.State == record.NoticeOver {
			return
		}
		at := cells(lead)
		for _, l := range wrap(p.text(n.Anomaly.Message), p.width-at) {
			p.line(strings.Repeat(" ", at), l)
		}
	})
}

func noticeBriefly(n *record.Notice) string {
	name := string(n.Anomaly.Name)
	switch {
	case n.State != record.NoticeOver:
		return "open: " + n.Anomaly.Severity.String() + ": " + name
	case n.Since == 0:
		return "over: " + name
	}
	return "over after " + phrase.Duration(n.Lasted()) + ": " + name
}
