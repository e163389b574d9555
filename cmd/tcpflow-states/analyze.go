package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// analyzeOptions are the flags of analyze, and of the program without a command.
type analyzeOptions struct {
	options
	read           []string
	merge          bool
	timelinesAsked bool

	prepare func(files []string) error // if set, called before anything is written; it may set write
}

func (o *analyzeOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&o.read, "read", "r", nil, "read this `FILE`; other arguments are then a filter, as with tcpdump")
	cmd.Flags().BoolVar(&o.merge, "merge", false, "compare two files that captured the same connections at two points of the path")
	cmd.Flags().BoolVarP(&o.follow, "follow", "F", false, "read on as the file grows, and the files that its writer goes on with; of a folder those that come")
	cmd.Flags().StringVarP(&o.cut.write, "write", "w", "", "also write the packets of the connections chosen to this `FILE` (pcapng), with findings as comments")
	o.cut.addFlags(cmd.Flags())
	o.options.addFlags(cmd)
}

func (a *app) analyzeCommand() *cobra.Command {
	var opt analyzeOptions
	cmd := &cobra.Command{
		Use:   "analyze [flags] FILE…",
		Short: "analyse capture files, a folder's too, or standard input for -",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := opt.takeDefaults(c); err != nil {
				return err
			}
			opt.timelinesAsked = c.Flags().Changed("timelines")
			return a.analyze(&opt, args)
		},
		Example: `  tcpflow-states analyze client.pcap server.pcapng.gz
  tcpflow-states analyze --merge client.pcap server.pcap
  tcpflow-states analyze trace.pcap --host 10.0.0.0/24 --port 80,443
  tcpflow-states analyze -r trace.pcap 'tcp port 80 and not net 10.0.0.0/8'
  tcpflow-states analyze trace.pcap --conn 3 --full --abs-seq
  tcpflow-states analyze trace.pcap --ndjson | jq -c 'select(.type == "anomaly")'
  ssh host tcpdump -i any -w - tcp | tcpflow-states analyze -`,
	}
	opt.addFlags(cmd)
	return cmd
}

// inputs tells files from filter: with -r, arguments that are no files are a
// filter, as tcpdump has it.
func (o *analyzeOptions) inputs(args []string) (files []string, filter string, err error) {
	files, filter = args, o.filter
	if len(o.read) > 0 {
		files = o.read
		if len(args) > 0 {
			if _, err := os.Stat(args[0]); err == nil {
				return append(files, args...), filter, nil
			}
			if filter != "" {
				return nil, "", usagef("two filters: --filter %q and %q", filter, strings.Join(args, " "))
			}
			filter = strings.Join(args, " ")
		}
	}
	if len(files) == 0 {
		return nil, "", usagef("no capture file given").hint("tcpflow-states FILE, or - for standard input; tcpflow-states --help tells more")
	}
	stdin := 0
	for _, f := range files {
		if f == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return nil, "", usagef("standard input is given twice")
	}
	return files, filter, nil
}

func (a *app) analyze(opt *analyzeOptions, args []string) error {
	_, err := a.analyzeFiles(opt, args)
	return err
}

// asked checks the flags, and returns the files to read and the filter.
func (a *app) asked(opt *analyzeOptions, args []string) (files []string, filter *capture.Filter, err error) {
	if err := opt.check(); err != nil {
		return nil, nil, err
	}
	if err := opt.cut.check(opt.merge, opt.prepare != nil); err != nil {
		return nil, nil, err
	}
	files, expr, err := opt.inputs(args)
	if err != nil {
		return nil, nil, err
	}
	if err := cmp.Or(opt.checkMerge(files), opt.checkFollow(a, files)); err != nil {
		return nil, nil, err
	}
	if !opt.merge && !opt.follow {
		if files, err = a.unfold(files); err != nil {
			return nil, nil, err
		}
	}
	if expr != "" {
		filter, err = capture.NewFilter(expr)
	}
	return files, filter, err
}

// analyzeFiles returns what it has written packets to, nil if that is nothing.
func (a *app) analyzeFiles(opt *analyzeOptions, args []string) (cut *cutout, err error) {
	files, filter, err := a.asked(opt, args)
	if err != nil {
		return nil, err
	}
	sig := catchSignals()
	defer sig.stop()
	var s *session
	var both *analyzer.Comparison
	var source capture.Source
	var pipes []*pipe
	switch {
	case opt.merge:
		source, both, err = a.openMerged(files, filter, opt, sig)
	case opt.follow:
		source, err = a.openFollowed(files[0], opt.cut.write, sig, func() { s.await() })
	default:
		source, pipes, err = a.open(files, sig)
	}
	if errors.Is(err, capture.ErrInterrupted) {
		return nil, sig.interruption("before the analysis began")
	}
	if err != nil {
		return nil, err
	}
	defer source.Close()
	theirs, known := endsOf(files, opt.frame, sig)
	if err := opt.dropPrivileges(); err != nil {
		return nil, err
	}
	if opt.prepare != nil {
		if err := opt.prepare(files); err != nil {
			return nil, err
		}
	}
	cut, drawn, err := a.outputsOf(opt, files)
	if err != nil {
		return nil, err
	}
	a.confine(opt.mayRead(files), opt.series)
	live := len(pipes) > 0 || opt.follow
	if err := opt.checkEvery(live); err != nil {
		return nil, err
	}
	out := newOutput(a, &opt.options, live, files)
	out.cut, out.graphs = cut, drawn
	if !live {
		out.command = commandFor(files)
		if opt.merge && out.command != "" {
			out.command += " --merge"
		}
		out.large = !opt.timelinesAsked && sizeOf(files) > largeFiles
	}
	if known && !opt.follow { // where there will be others
		out.between = theirs.are
	}
	s = newSession(a, &opt.options, out, sig.ctx, sig, both)
	s.follows = opt.follow
	for _, p := range pipes {
		p.idle, p.waits = s.pause, s.wait
	}
	s.waits = len(pipes) == 1 && len(files) == 1
	s.filter = filter
	s.showProgress()
	if cut != nil && cut.room != nil {
		if err := cut.begin(source); err != nil {
			return nil, err
		}
		s.write, s.flush = cut.enter, cut.out.w.Flush
	}
	s.read(source)
	err = s.finish()
	if cut != nil {
		err = cmp.Or(err, a.cutOut(cut, s, files, opt))
	}
	return cut, err
}

// outputsOf creates the files that are written beside the report.
func (a *app) outputsOf(opt *analyzeOptions, files []string) (cut *cutout, drawn *graphs, err error) {
	if cut, err = a.cutoutOf(&opt.cut, &opt.chosen, files, opt.follow); err != nil {
		return nil, nil, err
	}
	drawn, err = a.graphsOf(&opt.options, files)
	return cut, drawn, err
}

// cutOut writes the packets of what was chosen: those that wait, or what the files hold
// when they are read once more.
func (a *app) cutOut(cut *cutout, s *session, files []string, opt *analyzeOptions) (err error) {
	switch {
	case cut.room != nil:
		err = cut.empty(a)
	case s.brokenOff:
		a.noticef("no packets were written to %q", cut.name)
	default:
		err = cut.write(&cutFiles{
			open:   func() (capture.Source, error) { source, _, err := a.open(files, s.sig); return source, err },
			filter: s.filter, most: opt.count, sig: s.sig,
		}, &opt.options, s.fragments)
	}
	return cmp.Or(err, cut.finish(a, opt.quiet))
}

// cutoutOf creates the file of -w for what is chosen of the files; nil without one. waits says
// that they cannot be read again, as those that grow.
func (a *app) cutoutOf(o *cutOptions, chosen *selection, files []string, waits bool) (*cutout, error) {
	name := o.write
	if name == "" {
		return nil, nil
	}
	for _, f := range files {
		waits = waits || readOnce(f)
		read, err := os.Stat(f)
		if f == "-" {
			read, err = a.stdin.Stat()
		}
		if err == nil {
			if written, err := os.Stat(name); err == nil && read.Mode()&os.ModeDevice == 0 && os.SameFile(read, written) {
				return nil, usagef("--write %q is one of the files to read", name)
			}
		}
	}
	cut := newCutout(o, chosen)
	if waits {
		if err := cut.wait(o.spool); err != nil {
			return nil, err
		}
	}
	return cut, cut.create(a)
}

// showProgress shows how far the reading is, on a terminal: in lines that grow, as a status
// line at their foot.
func (s *session) showProgress() {
	switch out := s.out; {
	case s.follows && !s.opt.quiet:
		s.app.status = s.app.newStatus()
	case out.digest != nil || out.writer == nil && !out.lines() || !isTerminal(s.app.stdout):
		s.progress = s.app.newProgress()
	case out.live && !s.opt.quiet:
		s.app.status = s.app.newStatus()
	}
}

func (o *options) checkEvery(live bool) error {
	if o.every > 0 && !live && o.defaults.set("every") {
		o.every = 0
	}
	if o.every > 0 && !live {
		return usagef("--every is for packets that come as they happen").hint("tcpflow-states live --every %v, a pipe, or --follow", o.every)
	}
	return nil
}

// largeFiles is the size from which files are expected to hold more connections
// than anyone reads segment by segment; then all processors work on them.
const largeFiles = 64 << 20

func sizeOf(files []string) (sum int64) {
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			sum += st.Size()
		}
	}
	return sum
}

// open opens the files. pipes are the files if all of them are pipes: packets may
// still be on their way.
func (a *app) open(files []string, sig *signals) (s capture.Source, pipes []*pipe, err error) {
	piped := 0
	for _, f := range files {
		if f == "-" && isTerminal(a.stdin) {
			return nil, nil, usagef("standard input is a terminal").hint("pipe a capture into it: tcpdump -w - | tcpflow-states -")
		}
		if f == "-" || isPipe(f, a.stdin) {
			piped++
		}
	}
	if piped == 0 {
		s, err = capture.OpenFiles(files)
		return s, nil, err
	}
	var all []capture.Source
	for _, f := range files {
		s, p, err := a.openOne(f, sig)
		if err != nil {
			return nil, nil, errors.Join(err, capture.Merge(all...).Close())
		}
		all = append(all, s)
		if p != nil {
			pipes = append(pipes, p)
		}
	}
	if len(pipes) < len(files) {
		pipes = nil
	}
	return capture.Merge(all...), pipes, nil
}

// openOne opens a file, or a pipe in such a way that a signal ends the reading.
func (a *app) openOne(name string, sig *signals) (s capture.Source, p *pipe, err error) {
	open := func() (*os.File, error) { return os.Open(name) }
	switch piped := isPipe(name, a.stdin); {
	case name == "-" && !piped:
		s, err = capture.OpenReader(name, a.stdin)
		return s, nil, err
	case name == "-":
		open = func() (*os.File, error) { return a.stdin, nil }
	case !piped:
		s, err = capture.Open(name)
		return s, nil, err
	}
	p = interruptible(open, sig.ctx)
	s, err = capture.OpenReader(name, p)
	return s, p, err
}

// openMerged compares the captures of two taps and opens them as one.
func (a *app) openMerged(files []string, filter *capture.Filter, opt *analyzeOptions, sig *signals) (capture.Source, *analyzer.Comparison, error) {
	c, err := compareTaps(sig.ctx, files, filter, analyzer.Options{Select: opt.ends.choice()})
	if err != nil {
		return nil, nil, err
	}
	if f, ok := c.Counterpart(opt.frame); ok {
		a.noticef("packet 2:%d is packet 1:%d at the first tap", opt.frame.Number(), f.Number())
		opt.frame = f
	}
	both, err := openPair(files)
	if err != nil {
		return nil, nil, err
	}
	return c.Source(both[0], both[1]), c, nil
}

// commandFor is the command line to look at the same files again.
func commandFor(files []string) string {
	var b strings.Builder
	b.WriteString("tcpflow-states")
	for _, f := range files {
		if strings.ContainsAny(f, " \t\n'\"\\$&|;<>()*?[]{}~#!`") || filepath.Clean(f) == "" {
			return ""
		}
		for _, r := range f {
			if r < ' ' || r > '~' {
				return ""
			}
		}
		b.WriteString(" " + f)
		if b.Len() > 70 {
			return "tcpflow-states FILE"
		}
	}
	return b.String()
}
