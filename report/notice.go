package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
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
		p.below(cells(lead), n.Anomaly.Message)
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

// MoreNotices tells in one line that n notices like one were left out in a span of time from
// its At on: of the same check and, if it has one, to the same server.
func MoreNotices(w io.Writer, like *record.Notice, n uint64, span fsm.Time, o Options) error {
	return render(w, o, func(p *page) {
		text := "and " + phrase.Count(n) + " more like it in " + phrase.Elapsed(span) + ": " + string(like.Anomaly.Name)
		if like.Server.IP.IsValid() {
			text += ", to " + addr(like.Server)
		}
		p.packed(goTime(like.At+span).In(o.zone()).Format("15:04:05")+"       ", []string{text}, plain)
	})
}

// OpenProblems lists what goes on that should not, on connections that are open: those that
// somebody has waited on for longest first, and how many there are more than Options.Limit,
// with those that nobody follows.
func OpenProblems(w io.Writer, list []record.Notice, more uint64, o Options) error {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b record.Notice) int { return cmp.Compare(b.Lasted(), a.Lasted()) })
	if o.Limit > 0 && len(list) > o.Limit {
		more += uint64(len(list) - o.Limit)
		list = list[:o.Limit]
	}
	return render(w, o, func(p *page) {
		for i := range list {
			n := &list[i]
			lead := "  " + padRight("#"+number(n.Connection), 4) + " "
			parts := []string{addr(n.Client) + " " + p.g.arrow + " " + addr(n.Server)}
			if n.Since != 0 {
				parts = append(parts, "for "+phrase.Duration(n.Lasted()))
			}
			p.packed(lead, append(parts, n.Anomaly.Severity.String()+": "+string(n.Anomaly.Name)), severityStyle(n.Anomaly.Severity))
			p.below(cells(lead), n.Anomaly.Message)
		}
		if more > 0 {
			p.line("  and " + phrase.Counted(more, "more problem", "more problems"))
		}
	})
}

// below writes text under what stands behind a lead of so many cells.
func (p *page) below(at int, text string) {
	for _, l := range wrap(p.text(text), p.width-at) {
		p.line(strings.Repeat(" ", at), l)
	}
}
