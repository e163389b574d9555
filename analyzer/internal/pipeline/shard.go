package pipeline

import (
	"slices"
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude/verdict"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// shard tracks the connections whose addresses and ports fall to it.
type shard struct {
	table   *conntrack.Table
	records *sync.Pool
	batch   *batchShard // of the round that it works on
	names   decode.EncapNames
	quality record.Quality

	templates map[conntrack.TemplateKey]*record.Connection // what plain connections of a shape come to
	learning  *conntrack.TemplateKey                       // of the connection under way
}

// numShards is how many trackers share the connections, whatever the number of
// workers: results must not depend on that.
const numShards = 16

func newShard(opt Options, of int, records *sync.Pool) *shard {
	s := &shard{records: records}
	limit := opt.MaxConnections
	if limit <= 0 {
		limit = conntrack.DefaultMaxConnections
	}
	var plain func(*conntrack.CleanSummary) bool
	if opt.Sums {
		s.templates = make(map[conntrack.TemplateKey]*record.Connection)
		plain = s.useTemplate
	}
	s.table = conntrack.NewTable(conntrack.Options{
		Clean: plain, MSL: opt.MSL, Linger: opt.Linger, MaxConnections: max(1, limit/of),
		Keep: opt.Segments, MaxKept: opt.MaxSegments, Judge: opt.Judge, Ended: s.ended,
	})
	return s
}

// work does the shard's part of a round.
func (s *shard) work(r *batch, p *batchShard) {
	s.batch, s.names = p, r.names
	for _, i := range p.packets {
		s.take(&r.packets[i])
	}
	if r.finish > 0 {
		s.table.Finish(r.now, r.finish)
	} else {
		s.table.Tick(r.now, r.packet)
	}
	p.begun = s.table.Births(p.begun)
	p.open = s.table.Open()
}

// take gives one packet to its connection.
func (s *shard) take(p *decode.Packet) {
	if p.Malformed {
		s.table.Malformed(p)
	} else {
		s.table.Add(p)
	}
}

// ended turns a finished flow into its record.
func (s *shard) ended(f *flow.Flow) {
	c := s.records.Get().(*record.Connection)
	conclude.Record(f, c, s.names)
	c.Anomalies = check.Run(f, c.Anomalies)
	c.Verdict = verdict.Of(c)
	s.batch.ended = append(s.batch.ended, c)
	conclude.CountFaults(&s.quality, f)
	if s.learning != nil {
		like := *c
		like.Anomalies = slices.Clone(c.Anomalies)
		s.templates[*s.learning] = &like
		s.learning = nil
	}
}
