package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/browse"
)

func (a *app) browseCommand() *cobra.Command {
	var opt options
	cmd := &cobra.Command{
		Use:   "browse [flags] FILE…",
		Short: "look through the connections of capture files on the terminal",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opt.takeDefaults(cmd); err != nil {
				return err
			}
			return a.browse(&opt, args)
		},
		Example: `  tcpflow-states browse trace.pcap
  tcpflow-states browse captures/ --port 443
  tcpflow-states browse trace.pcapng.gz --where 'verdict.code == "unanswered"'`,
	}
	opt.addScreenFlags(cmd)
	return cmd
}

// addScreenFlags adds the flags that a screen has a use for.
func (o *options) addScreenFlags(cmd *cobra.Command) {
	all := &cobra.Command{}
	o.addFlags(all)
	f := cmd.Flags()
	f.SortFlags = false
	for _, name := range []string{"filter", "host", "port", "where", "verdict", "check", "severity", "service", "since", "until", "ignore", "only",
		"count", "set", "time", "abs-seq", "color", "ascii", "msl", "workers", "max-connections", "memory", "no-checksums", "keep-root", "config", "no-config"} {
		f.AddFlag(all.Flags().Lookup(name))
	}
}

// checkScreen refuses what is no terminal.
func (a *app) checkScreen(instead string) error {
	if !isTerminal(a.stdin) || !isTerminal(a.stdout) {
		return usagef("this needs a terminal, for keys and for the screen").hint("%s", instead)
	}
	if os.Getenv("TERM") == "dumb" {
		return usagef("this needs a terminal that can move its cursor, and TERM is dumb").hint("%s", instead)
	}
	return nil
}

// browse shows the connections of files on a screen while they are read.
func (a *app) browse(opt *options, args []string) error {
	if err := opt.check(); err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no capture file given").hint("tcpflow-states browse FILE")
	}
	for _, name := range args {
		if name == "-" {
			return usagef("a screen reads its files more than once, and standard input can be read once only").hint("tcpdump -w FILE, then: tcpflow-states browse FILE; or tcpflow-states - for lines as they come")
		}
	}
	if err := a.checkScreen("in a pipe or a script: tcpflow-states FILE, with --json for scripts"); err != nil {
		return err
	}
	files, err := a.unfold(args)
	if err != nil {
		return err
	}
	for _, name := range files {
		if readOnce(name) {
			return a.notTwice(name)
		}
	}
	heedMemory(opt.memory)
	sig := catchSignals()
	defer sig.stop()
	b := &browsing{app: a, opt: opt, files: files, sig: sig}
	if opt.filter != "" {
		if b.filter, err = capture.NewFilter(opt.filter); err != nil {
			return err
		}
	}
	source, err := capture.OpenFiles(files)
	if err != nil {
		return err
	}
	if err := opt.giveUpRoot(files); err != nil {
		source.Close()
		return err
	}
	ctx, cancel := context.WithCancel(sig.ctx)
	defer cancel()
	o := browse.Options{Title: titleOf(files), Reader: b, Render: opt.render(a), Checks: analyzer.Checks()}
	o.Render.Multi = len(files) > 1
	b.rows = browse.NewRows(o)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer source.Close()
		b.read(ctx, source)
	})
	err = browse.Run(ctx, o, b.rows, a.stdin, a.stdout)
	cancel()
	reading.Wait()
	if sig.got() != 0 {
		return sig.interruption("while it was on the screen")
	}
	return err
}

// giveUpRoot drops what was borrowed to open the files, which must then still be readable:
// a screen opens them again.
func (o *options) giveUpRoot(files []string) error {
	if err := o.dropPrivileges(); err != nil {
		return err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return &failure{exitPermission, fmt.Errorf("cannot read %q again without root: %w", name, cause(err)), "--keep-root stays root"}
		}
		f.Close()
	}
	return nil
}

// notTwice is the error of a file that is none to browse: it is not there, or a pipe.
func (a *app) notTwice(name string) error {
	s, err := capture.Open(name)
	if err != nil {
		return err
	}
	s.Close()
	return usagef("%q cannot be read twice", name).hint("keep it in a file first")
}

func titleOf(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	return files[0] + " and others"
}

// browsing is what a screen shows files with.
type browsing struct {
	app    *app
	opt    *options
	files  []string
	filter *capture.Filter
	sig    *signals
	rows   *browse.Rows

	mu    sync.Mutex   // one reads anew at a time
	share atomic.Int64 // how far that is, in thousandths, and one more; 0 while nothing is read
}

// options are those of an analysis of the files. They decide nothing but what is reported,
// so that each analysis gives connections the same numbers.
func (b *browsing) options() (analyzer.Options, *selection) {
	o, chosen := b.opt, b.opt.chosen.again()
	workers := o.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return analyzer.Options{
		MSL: fsm.Time(o.msl), NoChecksums: o.noChecksums, Thresholds: o.thresholds, Workers: workers, MaxConnections: o.maxConns,
		Memory: int(o.memory), Select: o.ends.choice(), Choose: chosen.choice(), Ignore: chosen.silenced(),
	}, chosen
}

// How often the screen is told how far the reading is, and what is open while nothing has
// ended.
const (
	tellEvery   = 100 * time.Millisecond
	surveyEvery = 300 * time.Millisecond
)

// read analyses the files for the first time, for the list.
func (b *browsing) read(ctx context.Context, source capture.Source) {
	o, chosen := b.options()
	o.Each = func(c *record.Connection) error {
		b.rows.Add(c)
		return nil
	}
	o.Survey = b.rows.Survey
	an := analyzer.New(o)
	var told, surveyed time.Time
	err := b.packets(ctx, source, chosen, func(p *capture.Packet, n uint64) {
		an.Packet(p)
		if n&0xff != 0 {
			return
		}
		now := time.Now()
		if now.Sub(told) < tellEvery {
			return
		}
		told = now
		b.rows.Progress(browse.Progress{Share: shareOf(source), Packets: an.Packets(), Open: an.Open(), Now: fsm.Time(p.Time)})
		if now.Sub(surveyed) > surveyEvery && b.rows.Scarce() {
			surveyed = now
			an.Survey(browse.MaxOpen / 2)
		}
	})
	r, _ := an.Finish(source.Info()...) // Each does not fail
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	b.rows.Finish(r, text)
}

// packets gives each packet of the source that the filter lets through, up to --count.
func (b *browsing) packets(ctx context.Context, source capture.Source, chosen *selection, each func(*capture.Packet, uint64)) error {
	var p capture.Packet
	for n, taken := uint64(0), uint64(0); ; n++ {
		if n&0xff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := source.Next(&p); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if b.filter != nil {
			if ok, err := b.filter.Match(&p); err != nil {
				return err
			} else if !ok {
				continue
			}
		}
		if taken == 0 {
			chosen.note(p.Time)
		}
		each(&p, taken)
		if taken++; taken == b.opt.count {
			return nil
		}
	}
}

// shareOf returns how much of the source was read, 0 to 1, below 0 if that is not known.
func shareOf(source capture.Source) float64 {
	var read, total int64
	for _, i := range source.Info() {
		if i.Size <= 0 {
			return -1
		}
		read += i.Read
		total += i.Size
	}
	if total == 0 {
		return -1
	}
	return min(1, float64(read)/float64(total))
}

// again analyses the files anew. What ends the reading early, a file cut short say, was told
// the first time.
func (b *browsing) again(ctx context.Context, o analyzer.Options, chosen *selection) (*record.Report, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	source, err := capture.OpenFiles(b.files)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	reading, enough := context.WithCancel(ctx)
	defer enough()
	each := o.Each
	o.Each = func(c *record.Connection) error {
		err := each(c)
		if err != nil {
			enough()
		}
		return err
	}
	an := analyzer.New(o)
	defer b.share.Store(0)
	err = b.packets(reading, source, chosen, func(p *capture.Packet, n uint64) {
		if an.Packet(p); n&0x3fff == 0 {
			b.share.Store(1 + int64(1000*max(0, shareOf(source))))
		}
	})
	r, _ := an.Finish(source.Info()...)
	var cut *capture.CutError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && reading.Err() == nil && !errors.As(err, &cut):
		return nil, err
	}
	return r, nil
}

// errEnough ends an analysis that has found what it was for.
var errEnough = errors.New("enough")

// shownSegments bounds the segments of the connection that is looked at.
const shownSegments = 100_000
