package main

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// output prints what the analysis finds in the form asked for. When packets
// come as they happen it prints each connection as it ends; otherwise all of
// them at the end, but for formats that stream.
type output struct {
	app     *app
	opt     *options
	render  report.Options
	out     *results
	writer  report.Writer // of the format, with any but text
	live    bool          // packets come as they happen
	large   bool          // the files are too large to keep segments unasked
	command string        // how to ask for one connection's timeline, or ""

	worst   record.Severity // the worst finding so far
	ended   atomic.Uint64   // connections; other goroutines ask
	matched int             // connections chosen by --conn
	first   bool            // a line was printed
	kept    keeper
	digest  *report.Digest // what the report will show, where connections are not kept
	look    worthALook
}

// worthALook is the connection with the worst finding, the first of several.
type worthALook struct {
	id   uint64
	rank int
}

func newOutput(a *app, opt *options, live, multi, merged bool) *output {
	o := &output{app: a, opt: opt, live: live, out: newResults(a.stdout), render: opt.render(a)}
	o.render.Multi = multi
	if !opt.text() {
		o.writer = opt.form.New(o.out, o.render)
	} else if !live && !opt.quiet && !opt.summaryOnly && opt.frame == 0 && len(opt.explain) == 0 && len(opt.conns) == 0 && !merged {
		o.digest = report.NewDigest(o.render)
	}
	return o
}

// streams tells whether connections are handled as they end, so that the
// analyzer need not keep them.
func (o *output) streams() bool {
	return o.digest != nil || o.opt.form.Streams || o.opt.quiet || o.opt.summaryOnly || o.live && o.opt.text() && o.opt.frame == 0 && len(o.opt.explain) == 0
}

// maxSegments bounds the segments kept for timelines.
const maxSegments = 200_000

// keepSegments says of which connections the segments are needed.
func (o *output) keepSegments() (keep func(id uint64) bool, most int) {
	switch {
	case o.opt.quiet || o.opt.summaryOnly || !o.opt.text() && !o.opt.segments:
		return nil, 0
	case !o.opt.text() && len(o.opt.conns) == 0:
		return func(uint64) bool { return true }, 0
	case len(o.opt.conns) > 0:
		return o.opt.conns.has, 0
	case o.opt.frame != 0:
		return func(uint64) bool { return true }, 0
	}
	if o.large || o.opt.timelines == 0 {
		return nil, 0
	}
	return func(id uint64) bool { return id <= uint64(o.opt.timelines) }, maxSegments
}

// chosen tells whether the connection is to be shown.
func (o *output) chosen(c *record.Connection) bool {
	return len(o.opt.conns) == 0 || o.opt.conns.has(c.ID)
}

// connection takes a connection that has ended; c is valid during the call.
func (o *output) connection(c *record.Connection) error {
	o.ended.Add(1)
	if !o.chosen(c) {
		return nil
	}
	o.note(c)
	switch {
	case o.opt.quiet || o.opt.summaryOnly:
		return nil
	case o.writer != nil:
		o.writer.Connection(c) // errors of writing stay in o.out
	case o.digest != nil:
		o.digest.Add(c)
	default:
		o.first = true
		report.Line(o.out, c, o.render)
		o.kept.add(c)
	}
	return nil
}

// note remembers what decides the exit code.
func (o *output) note(c *record.Connection) {
	o.matched++
	if rank := severityRank(c); o.look.id == 0 || rank > o.look.rank || rank == o.look.rank && c.ID < o.look.id {
		o.look = worthALook{c.ID, rank}
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
	if !o.streams() {
		o.ended.Store(uint64(len(r.Connections)))
		r.Connections = slices.DeleteFunc(r.Connections, func(c *record.Connection) bool { return !o.chosen(c) })
		for _, c := range r.Connections {
			o.note(c)
		}
	}
	if !o.opt.quiet {
		o.print(r)
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
	switch n := o.ended.Load(); n {
	case 0:
		return usagef("%s: there are no connections to choose from", flag)
	case 1:
		return usagef("%s: there is only connection 1", flag)
	default:
		return usagef("%s: there are only connections 1 to %d", flag, n)
	}
}

func (o *output) print(r *record.Report) {
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
		o.render.Timelines = o.matched <= o.opt.timelines
		o.digest.Write(o.out, r, o.render)
		o.hint()
	case o.streams():
		o.closing(r)
	case len(o.opt.conns) > 0:
		report.Timelines(o.out, r, o.render)
	default:
		o.render.Timelines = len(r.Connections) <= o.opt.timelines
		report.Text(o.out, r, o.render)
		o.hint()
	}
}

// closing prints the report behind the lines that were printed as connections
// ended, which stand for the table.
func (o *output) closing(r *record.Report) {
	r.Connections = o.kept.list()
	if o.first {
		o.out.WriteByte('\n')
	}
	if len(o.opt.conns) > 0 {
		report.Timelines(o.out, r, o.render)
		return
	}
	report.Summary(o.out, r, o.render)
	if len(r.Connections) == 0 {
		return
	}
	o.out.WriteByte('\n')
	report.Anomalies(o.out, r, o.render)
	if o.ended.Load() <= uint64(o.opt.timelines) {
		o.out.WriteByte('\n')
		report.Timelines(o.out, r, o.render)
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
