// Package analyzer reconstructs the TCP connections of a capture: packets go in,
// a record of every connection comes out. It prints nothing and knows no flags.
//
// [Analyze] is the whole of it for captures that end. For packets that come as
// they happen there are [New], [Analyzer.Packet] and [Analyzer.Finish]; [Compare]
// puts the captures of two taps beside each other.
//
// With Options.Workers above 1 the connections are spread over that many
// goroutines; the results are the same, byte for byte.
package analyzer

import (
	"context"
	"errors"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/pipeline"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// DefaultMaxConnections is how many connections are tracked at once unless
// Options say otherwise.
const DefaultMaxConnections = pipeline.DefaultMaxConnections

// Options configure an analysis. The zero value analyses with the defaults and
// keeps every connection's record, without segments.
type Options struct {
	MSL            fsm.Time             // maximum segment lifetime (RFC 9293 §3.4.2), nanoseconds; 0 means fsm.DefaultMSL
	Linger         fsm.Time             // capture time between a connection's end and its record; 0 means 2 MSL
	MaxConnections int                  // open connections tracked at once; 0 means DefaultMaxConnections
	Memory         int                  // bytes that the analysis may allocate, or little more, when connections are many; 0 means no limit
	Segments       func(id uint64) bool // whether to keep the segments of the connection with this ID; nil keeps none
	// SegmentsBetween says by a connection's ends, in either order, whether to keep its
	// segments; nil keeps none that Segments does not. IPv4 addresses come unmapped.
	SegmentsBetween func(a, b netip.AddrPort) bool

	MaxSegments int                  // segments kept over all connections; 0 means no limit
	Series      int                  // keep every connection's segments in the form of package series, in this many bytes for those open at a time; 0 keeps none
	Judge       func(fsm.Frame) bool // whether to keep, for package explain, how the segment in a frame was judged, if it is kept; nil keeps none
	Workers     int                  // goroutines that track connections, beside the caller's; 0 or 1 starts none
	Immediate   bool                 // report connections at every packet, for captures under way
	NoChecksums bool                 // do not verify TCP checksums
	Thresholds  []record.Threshold   // of checks, with the Value that each is to have; Checks lists them, others are left out

	// Select, if set, says by its ends which segments to analyse. IPv4 addresses come
	// unmapped. What it leaves out is counted as skipped, "filtered-out".
	Select func(src, dst netip.AddrPort) bool

	// Choose, if set, says which connections to report. The others are analysed as well, as
	// part of what several connections together show; they count in Summary.LeftOut and
	// nowhere else. The record is valid during the call, which comes as Each's does.
	Choose func(*record.Connection) bool

	// ChooseByKind and those after it say that Choose looks at little, so that it costs next
	// to nothing where SummaryOnly is set, or OwnRecords with ChooseEarly. By kind: at the
	// codes of verdicts, names, severities and sides of findings, states and the transitions
	// between them without their frames, how connections were opened and closed, and counts of
	// retransmissions. By count: also at IDs, addresses, ports, times and frames of the first
	// and the last packet, packets and bytes sent, and how long the handshake and the answers
	// took. By RTT: also at round trips but RTT.Loaded, those of the handshake included, if
	// ChooseEarly is set.
	ChooseByKind, ChooseByCount, ChooseByRTT bool

	// ChooseEarly says that Choose does not look at ID, Stream, Related and Owners, which a record
	// then does not have yet. With Workers it is called from their goroutines, several at the
	// same time.
	ChooseEarly bool

	// Ignore, if set, says which checks are not run, and which findings on several
	// connections together are left out. Verdicts stay as they are.
	Ignore func(record.CheckName) bool

	// Opening, if set, is told of each SYN that is no answer, with its ends, its sequence number
	// and its time, as Packet takes it in. IPv4 addresses come unmapped.
	Opening func(src, dst netip.AddrPort, syn fsm.Seq, at fsm.Time)

	// Own, if set, may add Owners to a record before Choose, Each and Survey receive it: the
	// processes whose connection it is, where the capture does not name them. It is called as they are.
	Own func(*record.Connection)

	// Each, if set, receives each record as soon as it is complete, and the
	// Report then holds none. The record is valid during the call only, which with
	// Workers comes from another goroutine, one call at a time. The first error that
	// it returns is the analysis's; it is not called again.
	Each func(*record.Connection) error

	// Notice, if set, receives findings while their connections are open, as far as they
	// are known by then: what is being waited for, and what is a warning or worse. Each is
	// told once when it is found and once when it is over; the record of its connection is
	// the same with it or without. It is valid during the call, which comes as those of Each
	// do. What is told at a time is bounded, see Untold.
	Notice func(*record.Notice)

	// Survey, if set, receives what [Analyzer.Survey] asks for: records of connections
	// that were not reported yet, as they would be if they were reported then, with the findings that Notice would
	// tell. They are valid during the call, which comes as those of Each do.
	Survey func([]*record.Connection)

	// SummaryOnly says that records are for counting only: verdicts and findings are
	// right in them, but sentences and numbers may be those of another connection that
	// went the same way. The Report then holds none, with Each set or not.
	SummaryOnly bool

	// OwnRecords, if above 0, says that Each looks closely at so many connections only,
	// of several that are as bad at those of the lowest IDs. So many of all that are
	// judged alike then have records of their own, and come before the others; those are
	// for counting, as with SummaryOnly. It makes floods much quicker. Without Each, and
	// with Taps, it does nothing.
	OwnRecords int

	// Taps, if set, is what the captures of two taps show together; the packets must
	// then come from its Source.
	Taps *Comparison
}

// Analyze reads the sources to their ends, merged by time, and returns the report.
// It closes none of them.
//
// An error of a source, a *[capture.CutError] for a file that ends in the middle of
// a record say, does not make what was read worthless: the report is returned beside
// it, whole up to there, with the reason in its Capture.Sources. So it is when ctx
// ends, and when Options.Each returns an error.
func Analyze(ctx context.Context, sources []capture.Source, opt Options) (*record.Report, error) {
	source := capture.Merge(sources...)
	a := New(opt)
	err := a.read(ctx, source)
	info := source.Info()
	if stopped := a.core.Err(); ctx.Err() != nil && errors.Is(err, ctx.Err()) || stopped != nil && errors.Is(err, stopped) {
		for i := range info {
			info[i].Interrupt("by its caller")
		}
	}
	r, failed := a.Finish(info...)
	if failed != nil && !errors.Is(err, failed) {
		err = errors.Join(err, failed)
	}
	return r, err
}

// read analyses packets until the source, ctx or Each's patience ends.
func (a *Analyzer) read(ctx context.Context, source capture.Source) error {
	var p capture.Packet
	for n := 0; ; n++ {
		if n&0xff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := a.core.Err(); err != nil {
				return err
			}
		}
		if err := source.Next(&p); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		a.Packet(&p)
	}
}

// Analyzer analyses one capture. It is not safe for concurrent use.
type Analyzer struct {
	core *pipeline.Analyzer
	taps *Comparison
	raw  decode.Raw

	tapped tapped
	ignore func(record.CheckName) bool

	finished *record.Report // by Finish
}

// New returns an Analyzer that has seen nothing yet. With Workers it must be
// finished, or their goroutines stay.
func New(opt Options) *Analyzer {
	o := pipeline.Options{
		MSL: opt.MSL, Linger: opt.Linger, MaxConnections: opt.MaxConnections, Memory: opt.Memory,
		Segments: opt.Segments, MaxSegments: opt.MaxSegments, Judge: opt.Judge, Series: opt.Series,
		Workers: opt.Workers, Immediate: opt.Immediate, NoChecksums: opt.NoChecksums, Thresholds: opt.Thresholds,
		Wanted: chosenByEnds(opt.Select), Between: chosenByEnds(opt.SegmentsBetween),
		Each: opt.Each, Notice: opt.Notice, Survey: opt.Survey, Sums: opt.SummaryOnly, OwnRecords: opt.OwnRecords,
		Choose: opt.Choose, ChooseByKind: opt.ChooseByKind, ChooseByCount: opt.ChooseByCount, ChooseByRTT: opt.ChooseByRTT, ChooseEarly: opt.ChooseEarly,
	}
	o.Own = opt.Own
	if opening := opt.Opening; opening != nil {
		o.Opens = func(p *decode.Packet) {
			opening(netip.AddrPortFrom(p.Src.Addr(), p.Src.Port), netip.AddrPortFrom(p.Dst.Addr(), p.Dst.Port), p.Segment.Seq, p.Time)
		}
	}
	if opt.Ignore != nil {
		o.Checks = slices.DeleteFunc(slices.Clone(check.Catalogue), func(c *check.Check) bool { return opt.Ignore(c.Name) })
	}
	if opt.Taps != nil {
		o.OwnRecords = 0
		o.Wanted = opt.Taps.annotate(o.Wanted)
		if opt.Series > 0 {
			opt.Taps.comparison.TellPassages()
		}
		o.Each = opt.Taps.describeEach(o.Each)
	}
	return &Analyzer{core: pipeline.New(o), taps: opt.Taps, ignore: opt.Ignore}
}

// chosenByEnds makes a choice of addresses one of packets.
func chosenByEnds(choose func(src, dst netip.AddrPort) bool) func(*decode.Packet) bool {
	if choose == nil {
		return nil
	}
	return func(p *decode.Packet) bool {
		return choose(netip.AddrPortFrom(p.Src.Addr(), p.Src.Port), netip.AddrPortFrom(p.Dst.Addr(), p.Dst.Port))
	}
}

// Packet analyses one captured packet. p and its data are not kept.
func (a *Analyzer) Packet(p *capture.Packet) {
	setRaw(&a.raw, p)
	if p.LinkType == decode.LinkPKTAP && p.Process == nil {
		a.raw.Process, a.raw.Way = a.tapped.process(p)
	}
	a.core.Packet(&a.raw)
}

// setRaw makes raw what the source delivered. For every packet it is done in place.
func setRaw(raw *decode.Raw, p *capture.Packet) {
	raw.Data, raw.Time, raw.Frame = p.Data, fsm.Time(p.Time), fsm.NewFrame(p.Source, p.Number)
	raw.Length, raw.LinkType, raw.Interface = p.Length, p.LinkType, uint32(p.Interface)
	raw.Untimed = p.Untimed
	if raw.Process = p.Process; p.Process != nil {
		raw.Way = wayOf(p.Options)
	}
}

// Advance tells that time has passed without packets, on a live capture: it
// reports the connections whose end is long enough ago by then.
func (a *Analyzer) Advance(now fsm.Time) { a.core.Advance(now) }

// Tell has Options.Notice receive once more all findings on open connections that go on,
// as they are at that time.
func (a *Analyzer) Tell(now fsm.Time) { a.core.Tell(now) }

// Survey has Options.Survey receive records of the connections that were not reported
// yet, at most about so many: those with findings first, if Options.Notice is set. It takes some
// 20 µs for each, and comes with the records of the next batch of packets.
func (a *Analyzer) Survey(most int) { a.core.Survey(most) }

// Untold returns how many findings on open connections Options.Notice did not receive,
// because so many went on already: of one check some 4,000, of all 16,000.
func (a *Analyzer) Untold() uint64 { return a.core.Untold() }

// Open returns how many connections were tracked at the latest report.
func (a *Analyzer) Open() int { return a.core.Open() }

// Packets returns how many packets were analysed so far.
func (a *Analyzer) Packets() uint64 { return a.core.Packets() }

// Finish ends the analysis and returns the report, and the error that Options.Each
// returned, if it did. sources says where the packets came from, as
// [capture.Source] tells it. No packet may come after it; called again, it returns the same report.
func (a *Analyzer) Finish(sources ...capture.Info) (*record.Report, error) {
	if a.finished != nil {
		return a.finished, a.core.Err()
	}
	r := a.core.Finish()
	a.finished = r
	for i := range sources {
		r.Capture.Sources = append(r.Capture.Sources, sourceRecord(&sources[i]))
		// A file may claim any number: the sum stays at the most.
		dropped := &r.Capture.Quality.Dropped
		*dropped += min(sources[i].Dropped, math.MaxUint64-*dropped)
	}
	if a.taps != nil {
		for _, c := range r.Connections {
			c.Between = a.taps.comparison.Of(c)
		}
		a.taps.describe(&r.Capture)
	}
	if a.ignore != nil {
		for _, d := range Checks() {
			if a.ignore(d.Name) {
				r.Ignored = append(r.Ignored, d.Name)
			}
		}
		r.Capture.Anomalies = slices.DeleteFunc(r.Capture.Anomalies, func(f record.Anomaly) bool { return a.ignore(f.Name) })
	}
	conclude.Describe(r)
	return r, a.core.Err()
}

func sourceRecord(i *capture.Info) record.Source {
	var outages []record.Outage
	for _, o := range i.Outages {
		outages = append(outages, record.Outage{Interface: o.Interface, From: fsm.Time(o.From), To: fsm.Time(o.To), Gone: o.Gone})
	}
	return record.Source{
		Name: i.Name, Format: i.Format, LinkTypes: i.LinkTypes, Packets: i.Packets, Comments: i.Comments,
		Interfaces: i.Interfaces, Received: i.Received, Dropped: i.Dropped, Interrupted: i.Interrupted,
		Unread: i.Unread, Outages: outages,
		Cut: strings.TrimPrefix(i.Cut, strconv.Quote(i.Name)+": "), // the name stands beside it
	}
}
