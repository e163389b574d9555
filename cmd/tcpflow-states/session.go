package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// session takes packets from a source through the analysis to the output.
type session struct {
	app    *app
	opt    *options
	out    *output
	ctx    context.Context
	sig    *signals
	filter *capture.Filter
	write  func(*capture.Packet) error // keeps the packets, or nil
	flush  func() error                // passes on the packets kept, or nil

	source    capture.Source
	analyzer  *analyzer.Analyzer
	progress  *progress
	taken     uint64    // packets analysed
	unmatched uint64    // packets that the filter left out …
	span      [2]int64  // … and the times of the earliest and the latest of them
	shown     time.Time // when lines were written out
	err       error     // what ended the reading, if not its end
	endless   bool      // the source is an interface, which ends by itself when the user says so
	waits     bool      // the source is a pipe, which ends by itself soon after a signal
	follows   bool      // the source is a file that grows, which ends by itself soon after a signal
	begunAt   time.Time // when the first packet was read
	awaited   uint64    // packets after which all was told that could be
	first     int64     // time of the first packet
	latest    int64     // of the latest when there was a look at everything else
	begun     bool      // live: what the first packets teach is known
	nextTold  time.Time // for --every
	surveyed  time.Time // for --tui: when open connections were
	fragments bool      // there were IP fragments
	brokenOff bool      // a signal ended the reading before the source did
}

func newSession(a *app, opt *options, out *output, ctx context.Context, sig *signals, both *analyzer.Comparison) *session {
	s := &session{app: a, opt: opt, out: out, ctx: ctx, sig: sig}
	heedMemory(opt.memory)
	keep, most := out.keepSegments()
	o := analyzer.Options{
		MSL:            fsm.Time(opt.msl),
		Linger:         opt.waits(out.prompt()),
		Segments:       keep,
		MaxSegments:    most,
		NoChecksums:    opt.noChecksums,
		Thresholds:     opt.thresholds,
		Workers:        opt.threads(out.live),
		MaxConnections: opt.maxConns,
		Memory:         int(opt.memory),
		Select:         opt.ends.choice(),
		Choose:         opt.chosen.choice(),
		ChooseByKind:   opt.chosen.byKind(),
		ChooseByCount:  opt.chosen.byCount(),
		ChooseByRTT:    opt.chosen.byRTT(),
		ChooseEarly:    opt.chosen.early(),
		Ignore:         opt.chosen.silenced(),
		SummaryOnly:    (opt.summaryOnly || opt.quiet) && out.cut == nil && !opt.draws(), // which look at each connection
		Taps:           both,

		SegmentsBetween: out.between,
		Each:            out.connection,
	}
	if choose := o.Choose; choose != nil && out.cut != nil {
		o.ChooseEarly = false
		o.Choose = func(c *record.Connection) bool {
			out.cut.shared.add(c)
			return choose(c)
		}
	}
	if opt.draws() {
		o.Series = min(seriesMemory, int(opt.memory)/2)
	}
	if out.live {
		o.Notice = out.notice
	}
	if out.rows != nil {
		o.Survey = out.rows.Survey
	}
	if out.owners != nil {
		o.Opening, o.Own = out.owners.Opens, out.owners.Describe
	}
	if opt.frame != 0 {
		o.Judge = func(f fsm.Frame) bool { return f == opt.frame }
	} else if out.explainsAll() {
		o.Judge = func(f fsm.Frame) bool { return f.Number() <= mostJudged }
	}
	if out.digest != nil && out.cut == nil && !opt.draws() && !opt.full && opt.sort == report.SortKeys[0] {
		o.OwnRecords = opt.limit // more of a kind are only counted
	}
	s.analyzer = analyzer.New(o)
	return s
}

// threads returns how many goroutines track connections. What comes as it happens
// is little, and wants to be shown at once.
func (o *options) threads(live bool) int {
	switch {
	case live:
		return 1
	case o.workers == 0:
		return runtime.GOMAXPROCS(0)
	}
	return o.workers
}

// read analyses packets until the source ends, enough were read, the user
// interrupts, or nobody reads the output any more.
func (s *session) read(source capture.Source) {
	s.source = source
	var p capture.Packet
	for n := 0; ; n++ {
		if (n&0xff == 0 || s.out.live && p.Time-s.latest >= int64(showEvery)) && s.over(p.Time) {
			return
		}
		if err := source.Next(&p); err != nil {
			if err != io.EOF {
				s.failed(err)
			}
			return
		}
		if s.taken+s.unmatched == 0 {
			s.opt.chosen.note(p.Time)
		}
		if s.filter != nil {
			ok, err := s.filter.Match(&p)
			if err != nil {
				s.err = err
				return
			}
			if !ok {
				s.leave(p.Time)
				continue
			}
		}
		if s.write != nil {
			if err := s.write(&p); err != nil {
				s.err = err
				return
			}
		}
		if s.taken == 0 {
			s.first, s.begunAt = p.Time, time.Now()
		}
		s.analyzer.Packet(&p)
		if s.taken++; s.taken == s.opt.count {
			return
		}
	}
}

// leave counts a packet that the filter leaves out.
func (s *session) leave(t int64) {
	if s.unmatched++; s.unmatched == 1 {
		s.span = [2]int64{t, t}
	}
	s.span = [2]int64{min(s.span[0], t), max(s.span[1], t)}
}

// failed takes in why the source ended before its end. Ctrl-C goes to the writer
// of a pipe too, which may then end in the middle of a record.
func (s *session) failed(err error) {
	if errors.Is(err, capture.ErrInterrupted) || s.waits && s.sig.got() != 0 {
		s.brokenOff = true
		return
	}
	s.err = err
}

// over tells whether to stop reading, after a look at everything but packets. latest is the
// time of the latest packet, 0 before the first.
func (s *session) over(latest int64) bool {
	if s.endless && s.first != 0 && !s.begun && latest-s.first >= int64(beginAfter) {
		s.begun = true
		s.analyzer.Advance(fsm.Time(latest))
	}
	s.latest = latest
	s.attend(fsm.Time(latest))
	if s.out.out.gone() {
		return true
	}
	if s.ctx.Err() == nil || s.waits || s.endless || s.follows {
		return false
	}
	s.brokenOff = true
	return true
}

// beginAfter is how long a live capture gathers packets to learn from, where they come
// without a pause.
const beginAfter = time.Second

// attend looks after everything but packets, of which the latest is of that time.
func (s *session) attend(latest fsm.Time) {
	if s.sig.asked.CompareAndSwap(true, false) || s.everyDue() {
		s.tell()
	}
	if s.progress != nil {
		s.progress.show(s.source, s.analyzer)
	}
	if s.out.rows != nil {
		s.tellScreen(latest)
	}
	if s.out.live {
		s.out.settle(latest)
		s.show()
	}
	if st := s.app.status; st != nil {
		if now := time.Now(); st.due(now) {
			st.show(now, s.figures())
		} else if !st.shown {
			st.again()
		}
	}
}

// everyDue reports whether --every asks now.
func (s *session) everyDue() bool {
	if s.opt.every == 0 {
		return false
	}
	now := time.Now()
	if s.nextTold.IsZero() {
		s.nextTold = now.Add(s.opt.every)
	}
	if now.Before(s.nextTold) {
		return false
	}
	s.nextTold = now.Add(s.opt.every)
	return true
}

// showEvery is how long a line may wait for others while packets come, so that a
// busy capture does not write each line by itself.
const showEvery = 100 * time.Millisecond

// show writes out the lines of what has ended.
func (s *session) show() {
	if now := time.Now(); s.out.out.Buffered() > 0 && now.Sub(s.shown) >= showEvery {
		s.shown = now
		s.out.out.Flush()
	}
}

// idle is called while no packets come.
func (s *session) idle() {
	// On a live capture the clock and the capture's time are the same.
	now := fsm.Time(time.Now().UnixNano())
	s.begun = true
	s.analyzer.Advance(now)
	if s.flush != nil && s.err == nil {
		s.err = s.flush()
	}
	s.out.out.Flush()
	s.attend(now)
}

// pause is called when a pipe has been read empty: what has ended by then is told.
func (s *session) pause() {
	s.analyzer.Advance(0)
	s.out.out.Flush()
}

// wait is called now and then while a pipe is empty. What time it would be on the capture
// nobody knows: whoever writes may hold packets back.
func (s *session) wait() { s.attend(fsm.Time(s.latest)) }

// figures returns how it goes.
func (s *session) figures() figures {
	f := figures{
		packets: s.analyzer.Packets(), open: s.analyzer.Open(), stalled: s.out.notices.stalled(), failed: s.out.failed,
	}
	for _, i := range s.source.Info() {
		f.dropped += i.Dropped
	}
	return f
}

// tell answers SIGUSR1, and --every: how far it is, and what goes on that should not.
func (s *session) tell() {
	if s.out.rows != nil { // the screen tells
		return
	}
	f := s.figures()
	text := fmt.Sprintf("%s open, %s closed; %s, %s dropped by the kernel",
		phrase.Counted(f.open, "connection", "connections"), phrase.Count(s.out.ended.Load()),
		phrase.Counted(f.packets, "packet", "packets"), phrase.Count(f.dropped))
	if !s.out.live {
		s.app.noticef("%s", text)
		return
	}
	var now fsm.Time
	if s.endless {
		now = fsm.Time(time.Now().UnixNano())
	}
	list := &s.out.notices.list
	s.analyzer.Tell(now)
	s.app.noticef("%s; %s", text, phrase.Counted(len(*list), "problem", "problems"))
	o := s.out.render
	o.Color = o.Color && isTerminal(s.app.stderr)
	report.OpenProblems(s.app.stderr, *list, s.analyzer.Untold(), o)
	*list = nil
}

// finish ends the analysis, prints the report and returns what went wrong, the
// first first.
func (s *session) finish() error {
	if s.progress != nil {
		s.progress.clear()
	}
	s.app.status.end()
	if l, ok := s.source.(interface{ Stop() }); ok { // or its counters go on
		l.Stop()
	}
	sources := s.source.Info()
	for i := range sources {
		if s.brokenOff {
			if s.waits { // whatever it was cut by
				sources[i].Cut = ""
			}
			sources[i].Interrupt("by " + signalName(s.sig.got()))
		} else if i := &sources[i]; s.err != nil && !i.Ended && i.Cut == "" && i.Format != "live" {
			i.Cut = s.err.Error() // a filter that does not fit, for one
		}
		sources[i].Name = s.opt.sourceName(sources[i].Name)
	}
	r, _ := s.analyzer.Finish(sources...) // what fails in Each is the output, which keeps its error
	r.Summary.Evictions.LimitedBy = s.opt.limitedBy
	s.addUnmatched(&r.Capture)
	s.fragments = fragmented(r)
	err := s.out.finish(r)
	if s.brokenOff && (err == nil || explain(err).code == exitUsage) {
		return s.sig.interruption("after %s; the report is about these", phrase.Counted(r.Capture.Packets, "packet", "packets"))
	}
	if err != nil {
		return err
	}
	if s.out.found() {
		s.app.code = exitFound
	}
	if s.err != nil {
		return s.err
	}
	return unknownLinkTypes(r)
}

// sourceName is what the report calls a source.
func (o *options) sourceName(name string) string {
	if name == "-" && !o.form.Whole {
		return "standard input"
	}
	return name
}

// filteredOut is the analyzer's reason for segments that were not wanted.
const filteredOut = "filtered-out"

// addUnmatched counts what the filter left out like what --host and --port did.
func (s *session) addUnmatched(c *record.Capture) {
	if s.unmatched == 0 {
		return
	}
	first, last := fsm.Time(s.span[0]), fsm.Time(s.span[1])
	if c.Packets > 0 {
		first, last = min(first, c.First), max(last, c.Last)
	}
	c.First, c.Last = first, last
	c.Packets += s.unmatched
	for i := range c.Skipped {
		if c.Skipped[i].Name == filteredOut {
			c.Skipped[i].N += s.unmatched
			return
		}
	}
	c.Skipped = append(c.Skipped, record.Count{Name: filteredOut, N: s.unmatched})
}

// unknownLinkType is the analyzer's reason for packets of link types that it
// cannot read.
const unknownLinkType = "unknown-link-type"

// unknownLinkTypes is the error of a capture none of whose packets could be
// looked into.
func unknownLinkTypes(r *record.Report) error {
	c := &r.Capture
	if c.Packets == 0 || len(c.Skipped) != 1 ||
		c.Skipped[0].Name != unknownLinkType || c.Skipped[0].N != c.Packets {
		return nil
	}
	return linkTypeError(c)
}
