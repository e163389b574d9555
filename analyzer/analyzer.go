// Package analyzer reconstructs the TCP connections of a capture: packets go in,
// a record of every connection comes out. It reads no files and prints nothing,
// starts no goroutine and takes no lock.
package analyzer

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/copies"
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/analyzer/verdict"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Options configure an Analyzer. The zero value analyses with the defaults and
// keeps every connection's record, without segments.
type Options struct {
	MSL            fsm.Time                  // maximum segment lifetime; 0 means fsm.DefaultMSL
	Linger         fsm.Time                  // capture time between a connection's end and its record; 0 means 2 MSL
	MaxConnections int                       // open connections tracked at once; 0 means flow.DefaultMaxConnections
	Segments       func(id uint64) bool      // whether to keep a connection's segments; nil keeps none
	MaxSegments    int                       // segments kept over all connections; 0 means no limit
	NoChecksums    bool                      // do not verify TCP checksums
	Wanted         func(*decode.Packet) bool // which segments to analyse; nil means all

	// Connection, if set, receives each record as soon as it is complete, and the
	// Report then holds none. The record is valid during the call only.
	Connection func(*record.Connection)
}

// Analyzer analyses one capture. It is not safe for concurrent use.
type Analyzer struct {
	opt     Options
	decoder *decode.Decoder
	table   *flow.Table
	packet  decode.Packet
	copies  *copies.Finder

	packets, segments, unwanted uint64
	skipped                     [decode.NumReasons]uint64
	first, last, newest, ticked fsm.Time
	quality                     record.Quality
	summary                     summary
	kept                        int

	connections []*record.Connection
	scratch     record.Connection
}

// New returns an Analyzer that has seen nothing yet.
func New(opt Options) *Analyzer {
	a := &Analyzer{opt: opt, copies: new(copies.Finder), decoder: decode.New(decode.Options{VerifyChecksums: !opt.NoChecksums})}
	var keep func(uint64) bool
	if opt.Segments != nil {
		keep = opt.Segments
	}
	a.table = flow.NewTable(flow.Options{
		MSL: opt.MSL, Linger: opt.Linger, MaxConnections: opt.MaxConnections,
		Keep: keep, MaxKept: opt.MaxSegments, Ended: a.ended,
	})
	return a
}

// Packet analyses one captured packet. raw and its data are not kept.
func (a *Analyzer) Packet(raw *decode.Raw) {
	a.packets++
	if a.packets == 1 {
		a.first, a.last, a.newest = raw.Time, raw.Time, raw.Time
	} else {
		a.first, a.last = min(a.first, raw.Time), max(a.last, raw.Time)
		if raw.Time < a.newest {
			a.quality.ClockBackwards++
		}
		a.newest = raw.Time
	}
	if a.packets%tickPackets == 0 || a.last-a.ticked >= tickTime {
		a.ticked = a.last
		a.table.Tick(a.last, a.packets)
	}
	p := &a.packet
	if reason := a.decoder.Decode(raw, p); reason != decode.OK {
		a.skipped[reason]++
		if reason == decode.TCPMalformed && p.Addressed {
			a.table.Malformed(p)
		}
		return
	}
	if a.opt.Wanted != nil && !a.opt.Wanted(p) {
		a.unwanted++
		return
	}
	a.segments++
	a.note(p)
	p.Copy = a.copies.Look(p)
	a.table.Add(p)
}

// How often the tracker looks for connections to report: it costs little, and a
// person who watches wants to see them soon.
const (
	tickPackets = 1024
	tickTime    = 100_000_000
)

// note counts what a segment says of the capture.
func (a *Analyzer) note(p *decode.Packet) {
	if p.Truncated {
		a.quality.SnapTruncated++
	}
	if p.ZeroLength || p.IPLen > largestOnWire {
		a.quality.OffloadGiants++
	}
	switch p.Checksum {
	case decode.ChecksumOffload:
		a.quality.OffloadChecksum++
	case decode.ChecksumBad:
		a.quality.BadChecksum++
	}
}

// largestOnWire is the largest IP packet that a network carries in earnest:
// jumbo frames of 9000 octets and a little. Larger ones were captured before
// segmentation or after reassembly by the network card.
const largestOnWire = 9216

// ended turns a finished flow into its record.
func (a *Analyzer) ended(f *flow.Flow) {
	c := &a.scratch
	if a.opt.Connection == nil {
		c = new(record.Connection)
	}
	a.build(f, c)
	c.Anomalies = check.Run(f, c.Anomalies)
	c.Verdict = verdict.Of(c)
	a.summary.add(c)
	a.addQuality(f)
	if a.opt.Connection != nil {
		a.opt.Connection(c)
		return
	}
	a.connections = append(a.connections, c)
}

func (a *Analyzer) addQuality(f *flow.Flow) {
	q := &a.quality
	for i := range f.Dir {
		q.DoubledFrames += f.Dir[i].Doubled
		q.GapOctets += f.Dir[i].GapOctets
	}
	if f.OneSided() {
		q.OneSided++
	}
	if f.Midstream() {
		q.Midstream++
	}
}

// Packets returns how many packets were analysed so far.
func (a *Analyzer) Packets() uint64 { return a.packets }

// Advance tells that time has passed without packets, on a live capture: it
// reports the connections whose end is long enough ago by then.
func (a *Analyzer) Advance(now fsm.Time) { a.table.Tick(now, a.packets) }

// Open returns how many connections are tracked now.
func (a *Analyzer) Open() int { return a.table.Open() }

// Finish ends the analysis and returns the report. Its Capture.Sources are for
// the caller to fill in, who knows where the packets came from; Describe then
// puts the capture's faults into words.
func (a *Analyzer) Finish() *record.Report {
	a.table.Finish(a.last)
	slices.SortFunc(a.connections, func(x, y *record.Connection) int { return cmp.Compare(x.ID, y.ID) })
	r := &record.Report{Connections: a.connections, Summary: a.summary.report()}
	c := &r.Capture
	c.Packets, c.Segments = a.packets, a.segments
	c.First, c.Last, c.Quality = a.first, a.last, a.quality
	for reason, n := range a.skipped {
		if n > 0 {
			c.Skipped = append(c.Skipped, record.Count{Name: decode.Reason(reason).String(), N: n})
		}
	}
	if a.unwanted > 0 {
		c.Skipped = append(c.Skipped, record.Count{Name: "filtered-out", N: a.unwanted})
	}
	slices.SortStableFunc(c.Skipped, func(x, y record.Count) int { return cmp.Compare(y.N, x.N) })
	return r
}
