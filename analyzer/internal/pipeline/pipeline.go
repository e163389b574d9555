// Package pipeline takes packets through the analysis: they are decoded in batches,
// looked through for copies, spread over shards that track connections, and the
// records that come out are put in order.
//
// The analysis itself is sequential and knows no locks. With Options.Workers
// above 1 the shards are worked on by that many goroutines, which share
// nothing; the results are the same, byte for byte.
//
// A packet goes through ingest (decoding, in batches), dedup, the shard whose table
// (conntrack) has its connection; what has ended becomes a record (conclude), is judged
// (check, verdict), and is put in order by the sequencer. All of these stand below.
package pipeline

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check/aggregate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/dedup"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/overview"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/relate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/skew"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// DefaultMaxConnections is what 0 means in Options.
const DefaultMaxConnections = conntrack.DefaultMaxConnections

// Options configure an Analyzer. The zero value analyses with the defaults and
// keeps every connection's record, without segments.
type Options struct {
	MSL            fsm.Time                  // maximum segment lifetime; 0 means fsm.DefaultMSL
	Linger         fsm.Time                  // capture time between a connection's end and its record; 0 means 2 MSL
	MaxConnections int                       // open connections tracked at once; 0 means conntrack.DefaultMaxConnections
	Memory         int                       // bytes of memory for all of the analysis, as far as connections need it; 0 means no limit
	Segments       func(id uint64) bool      // whether to keep a connection's segments; nil keeps none
	Between        func(*decode.Packet) bool // the same by a connection's first packet; either may ask for them
	MaxSegments    int                       // segments kept over all connections; 0 means no limit
	Series         int                       // bytes that the series of open connections may take; 0 keeps none
	Judge          func(fsm.Frame) bool      // whether to keep how a kept segment was judged; nil keeps none
	Workers        int                       // goroutines that track connections, beside the caller's; 0 or 1 starts none
	Immediate      bool                      // report connections at every packet, for captures under way
	NoChecksums    bool                      // do not verify TCP checksums
	Wanted         func(*decode.Packet) bool // which segments to analyse; nil means all

	// Each, if set, receives each record as soon as it is complete, and the
	// Report then holds none. The record is valid during the call only, which with
	// Workers comes from another goroutine, one call at a time.
	Each func(*record.Connection) error

	// Choose, if set, says which connections to report: the others are analysed, and count
	// in Summary.LeftOut and in what several connections together show, but nowhere else.
	// The record is valid during the call, which comes as Each's does.
	Choose func(*record.Connection) bool

	// Opens, if set, receives the SYNs that are no answers, as they come; Own, if set, each
	// record that is its own, before Choose and those that follow, to add Owners to it.
	Opens func(*decode.Packet)
	Own   func(*record.Connection)

	// ChooseByKind and ChooseByCount say how little Choose looks at: only at what is the
	// same for all connections of a template, at what is right in records for counting, or at
	// that and round trips. ChooseEarly says that it looks at nothing that only the place
	// among all connections tells; the shards then ask it, at the same time.
	ChooseByKind, ChooseByCount, ChooseByRTT, ChooseEarly bool

	// Sums says that records are for counting only: verdicts and findings are right
	// in them, but sentences and numbers may be those of another connection that
	// went the same way. The Report then holds none, with Each set or not.
	Sums bool

	// OwnRecords, if above 0, does the same for Each, except that of connections that are
	// judged alike the so many of the lowest IDs get records of their own, before the
	// others come.
	OwnRecords int

	// Notice, if set, receives what is found on connections while they are open, before
	// the record of any that ended meanwhile. It is valid during the call, which comes as
	// those of Each do.
	Notice func(*record.Notice)

	// Survey, if set, receives what Analyzer.Survey asks for, as those of Each come. The
	// records are valid during the call.
	Survey func([]*record.Connection)

	Checks     []*check.Check       // nil means check.Catalogue
	Thresholds []record.Threshold   // of them, to be changed
	Aggregates []aggregate.Detector // fresh ones, for this analysis alone; nil means aggregate.Detectors()
}

// Analyzer analyses one capture. It is not safe for concurrent use.
type Analyzer struct {
	opt       Options
	ingest    ingest
	dedup     dedup.Finder
	batch     *batch
	shards    []*shard
	sequencer *sequencer
	records   sync.Pool
	workers   *workers // nil without workers

	prelude *prelude      // the first packets, until there are enough to learn from
	reorder *skew.Reorder // nil where the directions' clocks agree

	relate      relate.Observer
	multipath   relate.Multipath
	summary     summary
	templates   *templateRules // nil if every connection gets a record of its own
	overview    overview.Overview
	leftOut     uint64 // connections that were not chosen
	aggregate   *aggregate.Observer
	connections []*record.Connection
	open        atomic.Int64
	untold      atomic.Uint64

	looked, lookedMore fsm.Time // when open connections were looked at
	survey             int      // how many open connections are surveyed after that batch
	tell               bool     // at the batch that ends next all that goes on is told
	failed             atomic.Pointer[error]
}

// New returns an Analyzer that has seen nothing yet. With workers it must be
// finished, or their goroutines stay.
func New(opt Options) *Analyzer {
	shards := numShards
	if opt.Segments != nil {
		shards, opt.Workers = 1, 1 // who asks by ID must have it from the start
	}
	if opt.Checks == nil {
		opt.Checks = check.Catalogue
	}
	if opt.Aggregates == nil {
		opt.Aggregates = aggregate.Detectors()
	}
	checks := check.NewSet(opt.Checks)
	checks.Change(opt.Thresholds)
	a := &Analyzer{opt: opt, sequencer: newSequencer(shards), summary: summary{checks: checks}, aggregate: aggregate.New(opt.Aggregates)}
	a.ingest = ingest{
		wanted:  opt.Wanted,
		opens:   opt.Opens,
		decoder: decode.New(decode.Options{VerifyChecksums: !opt.NoChecksums}),
	}
	a.records.New = func() any { return new(record.Connection) }
	if opt.templated() {
		a.templates = rulesOf(checks, a.aggregate)
	}
	for range shards {
		a.shards = append(a.shards, newShard(opt, shards, checks, a.templates, &a.records))
	}
	a.batch = newBatch(shards)
	if !opt.Immediate { // who looks on does not want to wait
		a.prelude = &prelude{}
		a.ingest.decoder.LooksAhead = true
	}
	if opt.Workers > 1 {
		a.workers = startWorkers(a, min(opt.Workers, shards))
	}
	return a
}

// templated tells whether clean connections may share a record: where one is enough to count
// by, and tells whether they are chosen, or the shards do.
func (o *Options) templated() bool {
	own := o.OwnRecords > 0 && o.Each != nil
	return o.Series == 0 && (o.Sums || own) && (o.Choose == nil || o.ChooseEarly || o.ChooseByCount && o.Sums)
}

// placed tells whether somebody looks at what a connection's place among all of them shows: its
// stream's number, and what it is related to.
func (o *Options) placed() bool { return !o.Sums || o.Choose != nil && !o.templated() }

// Packet analyses one captured packet. raw and its data are not kept.
func (a *Analyzer) Packet(raw *decode.Raw) {
	a.ingest.arrive(raw.Frame, raw.Time)
	if a.prelude != nil {
		a.begin(raw)
		return
	}
	if a.reorder != nil {
		if p := new(decode.Packet); a.ingest.decode(raw, p) {
			a.reorder.Add(p, a.track)
		}
		return
	}
	if a.ingest.batchEnds(raw.Time, a.opt.Immediate) {
		a.endBatch(a.ingest.now)
	}
	if a.ingest.decode(raw, a.batch.next()) {
		a.batch.next().Ordinal = a.ingest.fed
		a.batch.add()
	}
}

// endBatch has the shards work on the packets gathered so far.
func (a *Analyzer) endBatch(now fsm.Time) {
	b := a.batch
	b.now, b.packet, b.names = now, a.ingest.fed, a.ingest.decoder.EncapNames()
	b.icmp, b.holes = a.ingest.decoder.SawICMP(), a.ingest.holes
	b.look, b.survey = noLook, 0
	if b.finish == 0 {
		b.look = a.looks(now)
		b.survey, a.survey = a.survey, 0
	}
	if a.workers != nil {
		a.batch = a.workers.dispatch(b)
		return
	}
	b.sort(&a.dedup)
	for i, s := range a.shards {
		s.work(b, &b.shards[i])
	}
	a.pass(b)
	b.clear()
}

// pass hands a batch's records on.
func (a *Analyzer) pass(b *batch) {
	open := 0
	for i := range b.shards {
		open += b.shards[i].open
	}
	a.open.Store(int64(open))
	ended := a.sequencer.merge(b)
	for i := range a.sequencer.notices {
		a.opt.Notice(&a.sequencer.notices[i])
	}
	if b.survey > 0 {
		if a.opt.Own != nil {
			for _, c := range a.sequencer.survey {
				a.opt.Own(c)
			}
		}
		a.opt.Survey(a.sequencer.survey)
		for _, c := range a.sequencer.survey {
			a.records.Put(c)
		}
	}
	for i := range b.shards {
		a.untold.Add(b.shards[i].untold)
	}
	for i := range ended {
		c, own := a.sequencer.record(&ended[i])
		if own && a.opt.Own != nil {
			a.opt.Own(c)
		}
		if own && a.opt.placed() {
			a.relate.Add(c)
		}
		if c.MPTCP != nil {
			a.multipath.Add(c)
		}
		a.aggregate.Add(c)
		if ended[i].left || a.opt.Choose != nil && !a.opt.ChooseEarly && !a.opt.Choose(c) {
			a.leftOut++
			if own {
				a.records.Put(c)
			}
			continue
		}
		if own {
			a.summary.add(c)
		} else {
			ended[i].templated.count()
		}
		a.overview.Add(c, own)
		if a.opt.Each != nil {
			a.each(c)
		} else if !a.opt.Sums {
			a.connections = append(a.connections, c)
			continue
		}
		if own {
			a.records.Put(c)
		}
	}
}

// each passes a record on, until that fails.
func (a *Analyzer) each(c *record.Connection) {
	if a.failed.Load() != nil {
		return
	}
	if err := a.opt.Each(c); err != nil {
		a.failed.Store(&err)
	}
}

// Err returns the error with which Options.Each ended, or nil.
func (a *Analyzer) Err() error {
	if err := a.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Packets returns how many packets were analysed so far.
func (a *Analyzer) Packets() uint64 { return a.ingest.packets }

// Advance tells that time has passed without packets, on a live capture: it
// reports the connections whose end is long enough ago by then.
func (a *Analyzer) Advance(now fsm.Time) {
	a.ingest.watched = max(a.ingest.watched, now)
	a.release()
	a.endBatch(max(now, a.ingest.now))
}

// release tracks the packets that were held back.
func (a *Analyzer) release() {
	if a.prelude != nil {
		a.endPrelude()
	}
	if a.reorder != nil {
		a.reorder.Flush(a.track)
	}
}

// Untold returns how many findings on open connections were not told, because as much was
// told as is remembered.
func (a *Analyzer) Untold() uint64 { return a.untold.Load() }

// Open returns how many connections were tracked at the latest report.
func (a *Analyzer) Open() int { return int(a.open.Load()) }

// finishStep is how many packets' connections are reported at a time at the end,
// when all that is still open has to be: their records would be gigabytes.
const finishStep = 256

// Finish ends the analysis and returns the report. Its Capture.Sources are for
// the caller to fill in, who knows where the packets came from.
func (a *Analyzer) Finish() *record.Report {
	a.release()
	for upTo := uint64(finishStep); upTo < a.ingest.packets; upTo += finishStep {
		a.batch.finish = upTo
		a.endBatch(max(a.ingest.now, a.ingest.last))
	}
	a.batch.finish = math.MaxUint64
	a.endBatch(max(a.ingest.now, a.ingest.last))
	if a.workers != nil {
		a.workers.stop()
	}
	slices.SortFunc(a.connections, func(x, y *record.Connection) int { return cmp.Compare(x.ID, y.ID) })
	if a.templates != nil {
		a.templates.addTo(&a.summary)
	}
	r := &record.Report{Capture: a.ingest.capture(), Connections: a.connections, Summary: a.summary.report(), Thresholds: a.summary.checks.Changed()}
	r.Summary.MPTCP = a.multipath.Summary()
	r.Summary.LeftOut = a.leftOut
	r.Summary.Problems = a.overview.Problems()
	r.Summary.Services, r.Summary.Others = a.overview.Services()
	r.Summary.Open = a.overview.Concurrency()
	r.Capture.Anomalies = a.aggregate.Findings()
	q := &r.Capture.Quality
	if a.reorder != nil {
		q.Skew, q.OutOfStep = a.reorder.Skew().Most(), a.reorder.Connections()
	}
	for _, s := range a.shards {
		conclude.AddFaults(q, &s.quality)
		addEvictions(&r.Summary.Evictions, s.table.Evictions())
	}
	r.Summary.Evictions.Memory = uint64(a.opt.Memory)
	r.Summary.Related, r.Summary.MoreRelated = a.relate.Links()
	return r
}
