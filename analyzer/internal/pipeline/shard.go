package pipeline

import (
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude/verdict"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/owners"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// shard tracks the connections whose addresses and ports fall to it.
type shard struct {
	table   *conntrack.Table
	records *sync.Pool
	batch   *batchShard // of the batch that it works on
	now     fsm.Time    // at its end
	names   decode.EncapNames
	icmp    bool // the capture has held ICMP
	quality record.Quality
	owners  owners.Table

	checks    *check.Set
	found     []check.Open     // room for lookAt
	told      map[uint64]*told // by the table's number of the connection
	toldAlike map[record.CheckName]int

	fetched uint64 // so that the compiler does not leave out what fetch does

	templates *templates // nil if every connection gets a record of its own
	choice    choice
}

// numShards is how many trackers share the connections, whatever the number of
// workers: results must not depend on that.
const numShards = 16

// newShard returns one of so many shards; rules are nil where each connection is judged
// by itself.
func newShard(opt Options, of int, checks *check.Set, rules *templateRules, records *sync.Pool) *shard {
	s := &shard{records: records, checks: checks}
	limit := opt.MaxConnections
	if limit <= 0 {
		limit = conntrack.DefaultMaxConnections
	}
	var clean func(*conntrack.CleanSummary) bool
	if rules != nil {
		s.templates = &templates{templateRules: rules, known: make(map[conntrack.TemplateKey]*template), own: opt.OwnRecords, chooses: opt.Choose != nil && opt.ChooseEarly}
		clean = s.useTemplate
	}
	var look conntrack.LookOptions
	if opt.Notice != nil {
		look = s.lookOptions(of)
	}
	s.table = conntrack.NewTable(conntrack.Options{
		Look:    look,
		Streams: opt.placed(), Clean: clean, MSL: opt.MSL, Linger: opt.Linger, MaxConnections: max(1, limit/of), Memory: opt.tableMemory() / of,
		ShortestWait: checks.ShortestWait(), Keep: opt.keep(), MaxKept: opt.MaxSegments, Judge: opt.Judge, Ended: s.ended,
		Series: opt.Series / of,
	})
	s.choice = s.choiceOf(&opt)
	return s
}

// keep says of which connections the segments are kept; it is nil if of none.
func (o *Options) keep() func(id uint64, first *decode.Packet) bool {
	if o.Segments == nil && o.Between == nil {
		return nil
	}
	return func(id uint64, first *decode.Packet) bool {
		return o.Segments != nil && o.Segments(id) || o.Between != nil && o.Between(first)
	}
}

// tableMemory returns how much of Options.Memory is for the tables of connections. The rest
// is for what does not grow with them, some 100 MB where there is a flood, for what the garbage
// collector has not collected yet, and for the program's code.
func (o *Options) tableMemory() int { return max(o.Memory/64*63-172<<20, o.Memory/4) }

// work takes the shard's packets of a batch.
func (s *shard) work(b *batch, p *batchShard) {
	s.batch, s.now, s.names, s.icmp = p, b.now, b.names, b.icmp
	s.fetch(b, p)
	if s.table.Large() {
		for _, i := range p.packets {
			s.table.Expect(&b.packets[i])
		}
	}
	for _, i := range p.packets {
		s.take(&b.packets[i])
	}
	s.table.Holes(b.holes)
	if b.finish > 0 {
		s.table.Finish(b.now, b.finish)
	} else {
		s.table.Tick(b.now, b.packet)
	}
	s.look(b)
	p.begun = s.table.Births(p.begun)
	p.streams = s.table.StreamEvents(p.streams)
	p.open = s.table.Open()
}

// fetch reads a word of each cache line that is needed of the shard's packets. Another
// processor wrote them: to wait for many lines together takes little more than to wait for
// one. Where a read of memory takes 200 ns that saves up to a fifth where connections are
// tracked whole.
func (s *shard) fetch(b *batch, p *batchShard) {
	var x uint64
	for _, i := range p.packets {
		q := &b.packets[i]
		x ^= uint64(q.Frame) ^ uint64(q.Src.Port) ^ uint64(q.Segment.Seq) ^ uint64(q.Segment.TSEcr)
	}
	s.fetched ^= x
}

// take gives one packet to its connection.
func (s *shard) take(p *decode.Packet) {
	switch {
	case p.Malformed:
		s.table.Malformed(p)
	case p.ICMP != nil:
		s.table.AddICMP(p)
	default:
		if p.Process != nil {
			s.owners.Note(p)
		}
		s.table.Add(p)
	}
}

// ended turns a finished flow into its record.
func (s *shard) ended(f *flow.Flow) {
	c := s.records.Get().(*record.Connection)
	conclude.Record(f, c, s.names)
	c.NoICMP = !s.icmp
	s.owners.Describe(c, true)
	c.Anomalies = s.checks.Run(f, c.Anomalies)
	c.Verdict = verdict.Of(c)
	until := f.Until
	if f.Over() {
		until = f.Last.Time
	}
	s.ends(f.ID, until, f.Until)
	left := s.choice.leaves(c)
	if likely := s.choice.likely; likely != nil && s.choice.summary.ID == f.ID {
		s.choice.likely = nil
		if left {
			s.pass(likely, s.choice.summary, true)
			s.records.Put(c)
			return
		}
	}
	s.batch.ended = append(s.batch.ended, ended{c, left})
	conclude.CountFaults(&s.quality, f)
	if s.templates != nil {
		s.templates.learn(f, c, left)
	}
}
