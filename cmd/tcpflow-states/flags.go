package main

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// options are what analyze and live have in common: what to analyse, and how to
// print it. The fields above the line are as given, check fills in the others.
type options struct {
	summaryOnly, segments, quiet               bool
	full, absSeq, ascii, noChecksums, noNames  bool
	filters                                    bool
	keepRoot, noPager                          bool
	sort, by                                   string
	fields                                     []string
	conn, host, port, explain, set             []string
	explainFrame                               string
	filter, time, color, failOn, format        string
	html, series                               string
	timelines, limit, width, workers, maxConns int
	count                                      uint64
	msl, linger                                time.Duration
	every                                      time.Duration
	memory                                     memorySize
	config                                     string
	noConfig, follow                           bool
	cut                                        cutOptions

	short map[string]*bool // flags that stand for a format, by its name

	defaults   defaults
	thresholds []record.Threshold
	form       *report.Format
	conns      spans
	frame      fsm.Frame // to explain, or 0
	ends       endpoints
	timeFormat report.TimeFormat
	chosen     selection
	failLevel  record.Severity
	limitedBy  string // what allows less memory than asked for, or ""
}

// defaultTimelines is up to how many connections a report has timelines unasked.
const defaultTimelines = 5

func (o *options) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	o.addChoice(f)
	f.StringSliceVar(&o.explain, "explain", nil, "explain connection `N` step by step in plain words")
	f.StringVar(&o.explainFrame, "explain-frame", "", "every test applied to packet `N`, with its numbers (2:N: packet N of the second file)")
	f.Uint64VarP(&o.count, "count", "c", 0, "stop after `N` packets")
	o.addOutput(f)
	o.addAnalysis(f)
	f.BoolVarP(&o.noNames, "numeric", "n", false, "accepted for compatibility: names are never looked up")

	values := func(flag string, list ...string) {
		cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
	}
	values("format", formats()...)
	values("fail-on", "error", "warning", "note")
	values("time", "relative", "delta", "local", "utc", "epoch")
	values("color", "auto", "always", "never")
	values("sort", report.SortKeys...)
	values("by", report.Groupings...)
}

// addChoice adds the flags that choose packets and connections.
func (o *options) addChoice(f *pflag.FlagSet) {
	f.StringVarP(&o.filter, "filter", "f", "", "only packets that match this pcap-filter(7) `EXPR`ession")
	f.StringSliceVar(&o.host, "host", nil, "only connections of this `ADDR`ess or prefix; several may be given")
	f.StringSliceVar(&o.port, "port", nil, "only connections of this `PORT` or range; several may be given")
	f.StringSliceVar(&o.conn, "conn", nil, "show only connection `N`, segment by segment; several may be given")
	o.chosen.addFlags(f)
}

// addOutput adds the flags that say what to print, and how.
func (o *options) addOutput(f *pflag.FlagSet) {
	o.short = map[string]*bool{
		"json":   f.Bool("json", false, "one JSON document (see the command schema)"),
		"ndjson": f.Bool("ndjson", false, "one JSON line for each connection as it ends, each anomaly, and a summary"),
	}
	f.StringVar(&o.format, "format", textFormat, "`FORMAT` "+listed(formats()))
	f.StringSliceVar(&o.fields, "fields", nil, "with --ndjson and --format csv: only these `NAMES` of the JSON, such as id,verdict.code,traffic.client.bytes")
	f.BoolVar(&o.segments, "segments", false, "with --json or --ndjson: every segment of the connections")
	f.BoolVar(&o.summaryOnly, "summary-only", false, "only the summary, not the connections")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors; for the exit code")
	f.StringVar(&o.html, "html", "", "also write one page with the graphs of the connections to this `FILE`; - for standard output")
	f.StringVar(&o.series, "series", "", "also write what the graphs are drawn of to this `DIR`ectory: CSV and xplot")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 1 on a failed connection, or a finding of `SEVERITY` error, warning or note, or above")

	f.BoolVar(&o.filters, "filters", false, "Wireshark's display filter of each connection and finding (JSON has them always)")
	f.IntVar(&o.timelines, "timelines", defaultTimelines, "print timelines if there are at most `N` connections")
	f.BoolVar(&o.full, "full", false, "in timelines, do not fold runs of ordinary segments")
	f.StringVar(&o.sort, "sort", report.SortKeys[0], "order of the connections: `KEY` "+listed(report.SortKeys))
	f.StringVar(&o.by, "by", "", "groups in place of connections, by `WHAT`: "+listed(report.Groupings))
	f.IntVar(&o.limit, "limit", report.DefaultOptions().Limit, "at most `N` rows of a table or timeline; 0 for all")
	f.StringVar(&o.time, "time", "relative", "times in timelines: `FORMAT` is relative, delta, local, utc or epoch")
	f.BoolVar(&o.absSeq, "abs-seq", false, "absolute sequence numbers, as on the wire")
	f.StringVar(&o.color, "color", "auto", "`WHEN` to colour: auto, always or never")
	f.BoolVar(&o.ascii, "ascii", false, "ASCII characters only")
	f.IntVar(&o.width, "width", 0, "`COLUMNS` of the text (default: the terminal's, or 100)")
	f.BoolVar(&o.noPager, "no-pager", false, "on a terminal, do not show the report through $PAGER")
}

// addAnalysis adds the flags that say how to analyse, and with what.
func (o *options) addAnalysis(f *pflag.FlagSet) {
	f.StringArrayVar(&o.set, "set", nil, "change a check's `THRESHOLD`, such as close-wait-stuck.after=30s; several may be given (anomalies lists them)")
	f.DurationVar(&o.msl, "msl", 60*time.Second, "maximum segment lifetime: TIME-WAIT lasts twice this `DURATION`")
	f.Lookup("msl").DefValue = "60s" // as it is usually written
	f.DurationVar(&o.linger, "linger", 0, "report a connection this `DURATION` after its end (default 2 MSL; with live input 2s)")
	f.DurationVar(&o.every, "every", 0, "with live input, print the open connections that have a problem every `DURATION`, on standard error")
	f.IntVar(&o.workers, "workers", 0, "track connections on `N` threads (default: one for each processor); changes no result")
	f.IntVar(&o.maxConns, "max-connections", analyzer.DefaultMaxConnections, "track at most `N` open connections; above that the oldest half-open ones are evicted")
	o.memory = defaultMemory
	f.Var(&o.memory, "memory", "allocate at most `SIZE` for connections, such as 256MB, or less if the machine allows less; then the oldest half-open ones are evicted")
	f.BoolVar(&o.noChecksums, "no-checksums", false, "do not verify TCP checksums")
	f.StringVar(&o.config, "config", "", "a `FILE` of defaults for flags (default $XDG_CONFIG_HOME/tcpflow-states/config, ~/.config without the variable)")
	f.BoolVar(&o.noConfig, "no-config", false, "do without a file of defaults")
	f.BoolVar(&o.keepRoot, "keep-root", false, "under sudo, doas or pkexec, stay root after the input is open")
}

// text is the format that nobody has to ask for. The command prints it itself, in
// parts or whole as the other flags say.
const textFormat = "text"

func (o *options) text() bool { return o.form.Name == textFormat }

// formats are what --format takes.
func formats() []string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	return names
}

// check reads the flags' values and refuses what does not go together.
func (o *options) check() error {
	for _, step := range []func() error{o.chooseFormat, o.checkFormat, o.checkTogether, o.checkGraphs, o.checkNumbers, o.checkMemory, o.parse, o.checkWords} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// chooseFormat makes --json and --ndjson the same as --format of that name.
func (o *options) chooseFormat() error {
	o.form = report.FindFormat(o.format)
	if o.form == nil {
		return notOneOf("format", o.format, formats()...)
	}
	chosen := o.format
	for _, f := range report.Formats {
		switch set := o.short[f.Name]; {
		case set == nil || !*set || chosen == f.Name:
		case chosen == textFormat:
			chosen, o.form = f.Name, report.FindFormat(f.Name)
		case o.short[chosen] != nil:
			return usagef("--%s and --%s exclude each other", chosen, f.Name)
		default:
			return usagef("--%s and --format %s exclude each other", f.Name, chosen)
		}
	}
	return nil
}

// checkFormat refuses what the chosen format has no use for.
func (o *options) checkFormat() error {
	switch {
	case o.segments && !o.form.Whole:
		return usagef("--segments is for --json and --ndjson").hint("in text, --conn N shows the segments of connection N")
	case len(o.fields) > 0 && o.form.Name != "ndjson" && o.form.Name != "csv":
		return usagef("--fields is for --ndjson and --format csv")
	case o.form.Picture && (len(o.conn) != 1 || strings.ContainsAny(o.conn[0], ",-")):
		return usagef("--format %s draws one connection", o.form.Name).hint("add --conn N, such as --conn 1")
	case o.quiet && !o.text():
		return usagef("--quiet leaves nothing to print as %s", o.form.Name)
	case o.summaryOnly && !o.text() && !o.form.Whole:
		return usagef("--summary-only is for text, --json and --ndjson")
	case o.filters && !o.text():
		return usagef("--filters is for text").hint("JSON and NDJSON have them always, as wireshark_filter")
	case len(o.explain)+len(o.explainFrame) > 0 && (!o.text() || o.quiet || o.summaryOnly):
		return usagef("--explain and --explain-frame are for text")
	}
	return nil
}

// checkTogether refuses flags that ask for different things.
func (o *options) checkTogether() error {
	asked := 0
	for _, set := range []bool{len(o.conn) > 0, len(o.explain) > 0, o.explainFrame != ""} {
		if set {
			asked++
		}
	}
	switch {
	case asked > 1:
		return usagef("--conn, --explain and --explain-frame exclude each other")
	case o.summaryOnly && len(o.conn) > 0:
		return usagef("--summary-only and --conn exclude each other")
	}
	return nil
}

func (o *options) checkMemory() error {
	if o.memory < leastMemory {
		return usagef("--memory %s: at least %s are needed", &o.memory, new(leastMemory))
	}
	o.limitedBy = o.memory.withinMachine()
	return nil
}

func (o *options) checkNumbers() error {
	switch {
	case o.workers < 0:
		return usagef("--workers %d: not a count", o.workers)
	case o.maxConns < 1:
		return usagef("--max-connections %d: at least 1 is needed", o.maxConns)
	case o.msl <= 0:
		return usagef("--msl %v: not a positive duration", o.msl)
	case o.linger < 0:
		return usagef("--linger %v: not a positive duration", o.linger)
	case o.every < 0:
		return usagef("--every %v: not a positive duration", o.every)
	case o.limit < 0:
		return usagef("--limit %d: not a count", o.limit)
	case o.timelines < 0:
		return usagef("--timelines %d: not a count", o.timelines)
	case o.width != 0 && o.width < report.MinWidth:
		return usagef("--width %d: at least %d columns are needed", o.width, report.MinWidth)
	}
	return nil
}

// parse reads what is more than a number or a word.
func (o *options) parse() (err error) {
	flag, numbers := "conn", o.conn
	if len(o.explain) > 0 {
		flag, numbers = "explain", o.explain
	}
	if o.conns, err = parseSpans(flag, "the number of a connection", numbers, 1, math.MaxUint64); err != nil {
		return err
	}
	if o.explainFrame != "" {
		if o.frame, err = parseFrame(o.explainFrame); err != nil {
			return err
		}
	}
	if o.ends.ports, err = parseSpans("port", "a port", o.port, 0, 65535); err != nil {
		return err
	}
	if o.thresholds, err = parseThresholds(o.set); err != nil {
		return err
	}
	if o.ends.hosts, err = parseHosts(o.host); err != nil {
		return err
	}
	return o.chosen.parse(true)
}

// checkWords reads the flags that take one of a few words.
func (o *options) checkWords() error {
	var ok bool
	if o.timeFormat, ok = report.ParseTimeFormat(o.time); !ok {
		return notOneOf("time", o.time, "relative", "delta", "local", "utc", "epoch")
	}
	if o.failOn != "" {
		if o.failLevel, ok = parseSeverity(o.failOn); !ok {
			return notOneOf("fail-on", o.failOn, "error", "warning", "note")
		}
	}
	if !slices.Contains(report.SortKeys, o.sort) {
		return notOneOf("sort", o.sort, report.SortKeys...)
	}
	if field, names := report.UnknownField(o.fields); field != "" {
		f := usagef("--fields: there is no %q", field)
		if n := nearest(field[strings.LastIndexByte(field, '.')+1:], names); n != "" {
			f.hint("did you mean %s?", n)
		}
		return f
	}
	if o.by != "" && !slices.Contains(report.Groupings, o.by) {
		return notOneOf("by", o.by, report.Groupings...)
	}
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return notOneOf("color", o.color, "auto", "always", "never")
	}
	return nil
}

// listed writes "a, b or c".
func listed(values []string) string {
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

func notOneOf(flag, value string, values ...string) error {
	f := usagef("--%s %q: not %s", flag, value, listed(values))
	if v := nearest(value, values); v != "" {
		f.hint("did you mean --%s %s?", flag, v)
	}
	return f
}

// render returns the options for the renderers.
func (o *options) render(a *app) report.Options {
	r := report.Options{
		Width: o.width, ASCII: o.ascii, AbsSeq: o.absSeq, Time: o.timeFormat, Full: o.full, Limit: o.limit,
		Filters: o.filters || len(o.conn) > 0, Sort: o.sort, By: o.by, Fields: o.fields, SummaryOnly: o.summaryOnly, FailOn: o.failLevel,
		Checks: analyzer.Checks(), Tool: report.Tool{Name: "tcpflow-states", Version: versionText()},
	}
	r.Defaults.File, r.Defaults.Settings = o.defaults.file, o.defaults.used
	if r.Width == 0 {
		r.Width = a.columns()
		if r.Width != 0 && r.Width < report.MinWidth {
			r.Width = report.MinWidth
		}
	}
	switch o.color {
	case "always":
		r.Color = true
	case "auto":
		r.Color = a.useColor()
	}
	return r
}

// waits returns the analyzer's linger.
func (o *options) waits(live bool) fsm.Time {
	if o.linger == 0 && live {
		return 2 * fsm.Second
	}
	return fsm.Time(o.linger)
}
