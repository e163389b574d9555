package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/browse"
	"github.com/tcpflow-states/tcpflow-states/internal/sockets"
)

// liveOptions are the flags of live.
type liveOptions struct {
	options
	ifaces    []string
	snapLen   int
	buffer    int // KiB
	noPromisc bool
	immediate bool
	duration  time.Duration
	tui       bool
	noOwners  bool
}

func (a *app) liveCommand() *cobra.Command {
	var opt liveOptions
	cmd := &cobra.Command{
		Use:   "live -i INTERFACE [flags] [FILTER]",
		Short: "capture on an interface: connections as they end, and what hangs now",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opt.takeDefaults(cmd); err != nil {
				return err
			}
			return a.live(&opt, args)
		},
		Example: `  sudo tcpflow-states live -i eth0
  sudo tcpflow-states live -i any 'port 443 and host 10.0.0.1'
  sudo tcpflow-states live -i eth0 -w kept.pcapng --duration 10m
  sudo tcpflow-states live -i eth0 --every 10s
  sudo tcpflow-states live -i eth0 --tui
  sudo tcpflow-states live -i eth0 --ndjson | jq -c 'select(.type == "anomaly" and .open)'
  sudo tcpflow-states live -i eth0 -i wg0 --json
  sudo tcpflow-states live -i lo -c 1000 --fail-on error
  tcpflow-states interfaces`,
	}
	f := cmd.Flags()
	f.StringSliceVarP(&opt.ifaces, "interface", "i", nil, "capture on this `INTERFACE`; any means all, several may be given")
	f.IntVarP(&opt.snapLen, "snapshot-length", "s", 0, fmt.Sprintf("snaplen: capture `N` bytes of each packet (default %d, with -w all)", capture.DefaultSnapLen))
	f.IntVarP(&opt.buffer, "buffer-size", "B", 0, fmt.Sprintf("kernel buffer size in `KIB` (default %d)", capture.DefaultBufferSize/1024))
	f.BoolVarP(&opt.noPromisc, "no-promiscuous-mode", "p", false, "no promiscuous mode: only packets from and to this host")
	f.BoolVar(&opt.immediate, "immediate", false, "immediate mode: deliver each packet at once, not in batches; slower")
	f.DurationVar(&opt.duration, "duration", 0, "stop after this `DURATION`, such as 30s or 10m")
	f.StringVarP(&opt.cut.write, "write", "w", "", "also write the packets to this `FILE` (pcapng): all, or those of the connections chosen")
	opt.cut.addFlags(f)
	f.BoolVar(&opt.noOwners, "no-processes", false, "do not ask whose the sockets of this host are (Linux)")
	f.BoolVar(&opt.tui, "tui", false, "show the open connections on a screen, those that hang first; when it is left, the report is printed")
	opt.options.addFlags(cmd)
	cmd.RegisterFlagCompletionFunc("interface", completeInterfaces)
	return cmd
}

func (o *liveOptions) check(args []string) error {
	if err := o.options.check(); err != nil {
		return err
	}
	switch {
	case len(o.ifaces) == 0 || slices.Contains(o.ifaces, ""):
		return noInterface(args)
	case len(o.ifaces) > 1 && slices.Contains(o.ifaces, "any"):
		return usagef("--interface any stands for all interfaces").hint("give it alone, or name the others only")
	case o.snapLen < 0:
		return usagef("--snapshot-length %d: not a number of bytes", o.snapLen)
	case o.buffer < 0 || o.buffer > 1<<21:
		return usagef("--buffer-size %d: not a size in KiB", o.buffer)
	case o.duration < 0:
		return usagef("--duration %v: not a positive duration", o.duration)
	}
	if err := o.cut.check(false, false); err != nil {
		return err
	}
	if len(args) > 0 {
		if o.filter != "" {
			return usagef("two filters: --filter %q and %q", o.filter, strings.Join(args, " "))
		}
		o.filter = strings.Join(args, " ")
	}
	if o.snapLen == 0 && o.cut.write != "" {
		o.snapLen = capture.MaxSnapLen
	}
	return nil
}

func (a *app) live(opt *liveOptions, args []string) error {
	if err := opt.check(args); err != nil {
		return err
	}
	if opt.tui {
		if err := a.checkTUI(opt); err != nil {
			return err
		}
	}
	sig := catchSignals()
	defer sig.stop()
	ctx, cancel := context.WithCancel(sig.ctx)
	defer cancel()
	if opt.duration > 0 {
		var expire context.CancelFunc
		ctx, expire = context.WithTimeout(ctx, opt.duration)
		defer expire()
	}
	out := newOutput(a, &opt.options, true, []string{strings.Join(opt.ifaces, ", ")})
	if opt.cut.write != "" && opt.chooses() {
		out.cut = newCutout(&opt.cut, &opt.chosen)
	}
	if !opt.noOwners {
		out.owners = sockets.NewTable()
		defer out.owners.Close()
	}
	var screen browse.Options
	if opt.tui {
		screen = out.onScreen(strings.Join(opt.ifaces, ", "))
	}
	s := newSession(a, &opt.options, out, ctx, sig, nil)
	s.endless = true
	source, err := capture.OpenLive(ctx, capture.LiveOptions{
		Interfaces: opt.ifaces, Filter: opt.filter, SnapLen: opt.snapLen, BufferSize: opt.buffer << 10,
		Promiscuous: !opt.noPromisc, Immediate: opt.immediate, Idle: s.idle,
		Notice: func(text string) { a.noticef("%s", text) },
	})
	if err != nil {
		return err
	}
	defer source.Close()
	s.source = source
	if err := opt.dropPrivileges(); err != nil {
		return err
	}
	if out.owners != nil {
		if err := out.owners.Start(); err != nil {
			a.noticef("no processes are told: %v", err)
		}
	}
	switch {
	case out.cut != nil:
		if err := s.cutLive(out.cut, source, opt.cut.spool); err != nil {
			return err
		}
	case opt.cut.write != "":
		done, err := s.keep(source, opt.cut.write)
		if err != nil {
			return err
		}
		defer done()
	}
	if out.graphs, err = a.graphsOf(&opt.options, nil); err != nil {
		return err
	}
	a.confine(nil, opt.series)
	if opt.tui {
		err = s.readOnScreen(screen, cancel)
	} else {
		if !opt.quiet && isTerminal(a.stderr) {
			a.noticef("capturing on %s; Ctrl-C ends it and prints the report", strings.Join(opt.ifaces, ", "))
		}
		if !opt.quiet {
			a.status = a.newStatus()
		}
		s.read(source)
		err = s.finish()
	}
	if out.cut != nil {
		err = cmp.Or(err, out.cut.empty(a), out.cut.finish(a, opt.quiet))
	}
	return err
}

// chooses tells whether not all connections are wanted.
func (o *options) chooses() bool { return o.chosen.choice() != nil || len(o.conns) > 0 }

// cutLive has packets wait until it is known which connections are chosen.
func (s *session) cutLive(cut *cutout, source capture.Source, size memorySize) error {
	if err := cut.wait(size); err != nil {
		return err
	}
	if err := cut.create(s.app); err != nil {
		return err
	}
	if err := cut.begin(source); err != nil {
		return err
	}
	s.write, s.flush = cut.enter, cut.out.w.Flush
	return nil
}

// keep writes the packets to a file too.
func (s *session) keep(source capture.Source, name string) (done func(), err error) {
	file, err := createFile(name)
	if err != nil {
		return nil, writeFailure(name, err)
	}
	kept := &keptFile{file: file, tell: s.app.noticef}
	w, err := capture.NewWriter(kept, source)
	if err != nil {
		file.Close()
		return nil, writeFailure(name, err)
	}
	s.write = func(p *capture.Packet) error {
		if err := w.Write(p); err != nil {
			return writeFailure(name, err)
		}
		return nil
	}
	s.flush = w.Flush
	return func() {
		err := w.Close()
		if e := kept.Close(); err == nil {
			err = e
		}
		if err == nil {
			return
		}
		if code := s.app.fail(writeFailure(name, err)); s.err == nil {
			s.app.code = code
		}
	}, nil
}

func writeFailure(name string, err error) error {
	return &failure{code: exitOutput, err: fmt.Errorf("cannot write %q: %w", name, cause(err))}
}

func completeInterfaces(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if all, err := capture.Interfaces(); err == nil {
		for _, i := range all {
			names = append(names, i.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// noInterface is the error of a command line that names none, or forgot the flag before it.
func noInterface(args []string) *failure {
	f := usagef("no interface given")
	if names, _ := completeInterfaces(nil, nil, ""); len(args) > 0 && slices.Contains(names, args[0]) {
		return f.hint("did you mean -i %s?", args[0])
	}
	return f.hint("tcpflow-states live -i INTERFACE; %s", interfaceNames())
}

func interfaceNames() string {
	names, _ := completeInterfaces(nil, nil, "")
	if len(names) == 0 {
		return "tcpflow-states interfaces lists them"
	}
	return "there are: " + strings.Join(names, ", ")
}
