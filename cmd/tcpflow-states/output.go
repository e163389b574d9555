package main

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/browse"
	"github.com/tcpflow-states/tcpflow-states/internal/sockets"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// output prints what the analysis finds in the form asked for. It takes each
// connection as it ends, and keeps of it only what is still to be printed.
type output struct {
	app     *app
	opt     *options
	render  report.Options
	out     *results
	writer  report.Writer                  // of the format, with any but text
	live    bool                           // packets come as they happen
	large   bool                           // the files are too large to keep segments unasked
	between func(a, b netip.AddrPort) bool // between which ends the connection of --explain-frame is, if known
	command string                         // how to ask for one connection's timeline, or ""

	worst   record.Severity      // the worst finding so far
	ended   atomic.Uint64        // connections; other goroutines ask
	matched int                  // connections chosen by --conn
	first   bool                 // a line was printed
	chosen  []*record.Connection // by --conn, --explain or --explain-frame, to be shown whole
	digest  *report.Digest       // what the report will show of all connections
	look    worthALook
	cut     *cutout        // takes the packets of what is shown, or nil
	owners  *sockets.Table // whose the sockets of this host are, or nil
	rows    *browse.Rows   // shows connections on a screen, or nil
	graphs  *graphs        // draws it, or nil
	notices notices
	failed  uint64 // connections that failed
}

// worthALook is the connection with the worst finding, the first of several.
type worthALook struct {
	id   uint64
	rank int
}

// newOutput returns an output of what comes from the sources named.
func newOutput(a *app, opt *options, live bool, sources []string) *output {
	o := &output{app: a, opt: opt, live: live, out: newResults(a), render: opt.render(a)}
	for _, name := range sources {
		o.render.Sources = append(o.render.Sources, opt.sourceName(name))
	}
	o.render.Multi = len(sources) > 1 || opt.follow // which may go on with other files
	switch {
	case !opt.text():
		o.writer = opt.form.New(o.out, o.render)
	case !opt.quiet && !opt.summaryOnly && !opt.some():
		o.render.Lines = o.lines()
		o.digest = report.NewDigest(o.render)
	}
	return o
}

// some tells whether the report is about some connections only.
func (o *options) some() bool { return o.frame != 0 || len(o.conns) > 0 }

// lines tells whether connections are told in lines of their own, as they end.
func (o *output) lines() bool {
	if o.writer != nil {
		return o.opt.form.Streams
	}
	return o.live && o.rows == nil && !o.opt.quiet && !o.opt.summaryOnly && o.opt.frame == 0 && len(o.opt.explain) == 0
}

// prompt tells whether a connection is wanted soon after its end.
func (o *output) prompt() bool {
	return o.live && (o.lines() || o.rows != nil || o.opt.quiet || o.opt.summaryOnly)
}

// maxSegments bounds the segments kept for timelines.
const maxSegments = 200_000

// keepSegments says of which connections the segments are needed.
func (o *output) keepSegments() (keep func(id uint64) bool, most int) {
	switch {
	case !o.explainsAll() && (o.opt.quiet || o.opt.summaryOnly || !o.opt.text() && !o.opt.segments && !o.opt.form.Picture):
		return nil, 0
	case !o.opt.text() && len(o.opt.conns) == 0:
		return func(uint64) bool { return true }, 0
	case len(o.opt.conns) > 0:
		return o.opt.conns.has, 0
	case o.opt.frame != 0 && o.between != nil:
		return nil, 0
	case o.opt.frame != 0:
		return func(uint64) bool { return true }, 0
	}
	if o.large || o.opt.timelines == 0 {
		return nil, 0
	}
	return func(id uint64) bool { return id <= uint64(o.opt.timelines) }, maxSegments
}

// shown tells whether the connection is one to be shown whole.
func (o *output) shown(c *record.Connection) bool {
	return o.opt.frame == 0 || slices.ContainsFunc(c.Segments, func(s record.Segment) bool { return s.Frame == o.opt.frame })
}

// connection takes a connection that has ended; c is valid during the call.
func (o *output) connection(c *record.Connection) error {
	o.ended.Add(1)
	if o.cut != nil && o.opt.chosen.choice() == nil { // or it was asked before
		o.cut.shared.add(c)
	}
	if c.Verdict.Concern() == record.ConcernFailure {
		o.failed++
	}
	if len(o.opt.conns) > 0 && !o.opt.conns.has(c.ID) {
		return nil
	}
	o.note(c)
	if o.rows != nil {
		o.rows.Add(c)
	}
	if o.cut != nil {
		o.cut.add(c)
	}
	o.graphs.add(c)
	switch {
	case o.opt.quiet || o.opt.summaryOnly:
		return nil
	case o.writer != nil:
		o.writer.Connection(c) // errors of writing stay in o.out
	case o.lines():
		o.first = true
		report.Line(o.out, c, o.render)
		if o.digest != nil {
			o.digest.Add(c)
		} else if len(o.chosen) < maxChosen {
			o.chosen = append(o.chosen, c.Clone())
		}
	case o.digest != nil:
		o.digest.Add(c)
	case o.shown(c):
		o.chosen = append(o.chosen, c.Clone())
	}
	return nil
}

// maxChosen bounds the connections of --conn that are kept of a capture that may go on for
// weeks.
const maxChosen = 10_000

// note remembers what decides the exit code.
func (o *output) note(c *record.Connection) {
	o.matched++
	if rank := severityRank(c); o.look.id == 0 || rank > o.look.rank || rank == o.look.rank && c.ID < o.look.id {
		o.look = worthALook{c.ID, rank}
	}
	if c.Verdict.Concern() == record.ConcernFailure { // whatever shows that
		o.worst = max(o.worst, record.SeverityError)
	}
	for i := range c.Anomalies {
		o.worst = max(o.worst, c.Anomalies[i].Severity)
	}
}

// finish prints what is left to print at the end.
func (o *output) finish(r *record.Report) error {
	for i := range r.Capture.Anomalies {
		o.worst = max(o.worst, r.Capture.Anomalies[i].Severity)
	}
	slices.SortFunc(o.chosen, func(a, b *record.Connection) int { return cmp.Compare(a.ID, b.ID) })
	r.Connections = o.chosen
	if !o.opt.quiet {
		o.show(r)
	}
	if err := o.graphs.finish(r, o.app, o.opt.quiet); err != nil {
		return err
	}
	if err := o.out.failed(); err != nil {
		return err
	}
	if len(o.opt.conns) > 0 && o.matched == 0 {
		return o.noSuchConnection()
	}
	return nil
}

func (o *output) noSuchConnection() error {
	flag := "--conn"
	if len(o.opt.explain) > 0 {
		flag = "--explain"
	}
	switch n := o.ended.Load(); {
	case o.opt.chosen.choice() != nil:
		return usagef("%s: no such connection among those that were chosen", flag)
	case n == 0:
		return usagef("%s: there are no connections to choose from", flag)
	case n == 1:
		return usagef("%s: there is only connection 1", flag)
	default:
		return usagef("%s: there are only connections 1 to %d", flag, n)
	}
}

// show prints the report, on a terminal through a pager.
func (o *output) show(r *record.Report) {
	if o.live || o.writer != nil || o.opt.noPager || !isTerminal(o.app.stdout) {
		o.print(r)
		return
	}
	if p := startPager(o.app.stdout, o.app.stderr); p != nil {
		o.out.to = p.in
		defer p.close()
	}
	o.print(r)
	o.out.Flush()
}

func (o *output) print(r *record.Report) {
	o.render.Command = o.command
	// Errors of writing stay in o.out.
	switch {
	case o.writer != nil:
		o.writer.Finish(r)
	case o.opt.summaryOnly:
		report.Summary(o.out, r, o.render)
	case o.opt.frame != 0:
		report.ExplainFrame(o.out, r, o.opt.frame, o.render)
	case len(o.opt.explain) > 0:
		for i, c := range r.Connections {
			if i > 0 {
				o.out.WriteByte('\n')
			}
			report.Explain(o.out, c, o.render)
		}
	case o.digest != nil:
		o.afterLines()
		o.render.Timelines = o.matched <= o.opt.timelines
		o.digest.Write(o.out, r, o.render)
		o.hint()
	default:
		o.afterLines()
		report.Timelines(o.out, r, o.render)
	}
}

// afterLines parts the report from the lines that were printed as connections ended.
func (o *output) afterLines() {
	if o.first {
		o.out.WriteByte('\n')
	}
}

// hint says how to see more of the connection that most deserves it.
func (o *output) hint() {
	if o.render.Timelines || o.look.id == 0 || o.command == "" {
		return
	}
	o.out.WriteString("\nSegment by segment: " + o.command + " --conn " + strconv.FormatUint(o.look.id, 10) + "\n")
}

// severityRank ranks a connection by its findings, 0 for none.
func severityRank(c *record.Connection) int {
	if len(c.Anomalies) == 0 {
		return 0
	}
	return 1 + int(c.Anomalies[0].Severity)
}

// found tells whether --fail-on has something to fail on.
func (o *output) found() bool {
	return o.opt.failOn != "" && o.worst >= o.opt.failLevel
}
