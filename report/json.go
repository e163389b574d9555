package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// SchemaVersion is the "schema" of JSON output. Within one version fields are
// only ever added.
const SchemaVersion = 1

// JSON writes the report as one JSON document that ends in a newline. Schema
// returns what describes it.
func JSON(w io.Writer, r *record.Report, o Options) error {
	return newJSON(w, o.forReport(r)).Finish(r)
}

// jsonDocument writes one JSON document, the connections as they come and what is known
// only at the end behind them.
type jsonDocument struct {
	w     io.Writer
	o     Options
	e     encoder
	begun bool
}

func newJSON(w io.Writer, o Options) Writer {
	return &jsonDocument{w: w, o: o, e: encoder{files: o.forSources().Multi}}
}

func (d *jsonDocument) begin() {
	if d.begun {
		return
	}
	d.begun = true
	d.e.open('{')
	d.e.head(d.o)
	if !d.o.SummaryOnly {
		d.e.array(`"connections":`)
	}
}

// Connection appends a connection's object.
func (d *jsonDocument) Connection(c *record.Connection) error {
	if d.o.SummaryOnly {
		return nil
	}
	d.begin()
	d.e.open('{')
	d.e.connection(c)
	d.e.endObject()
	return d.e.passOn(d.w)
}

// Finish writes the report's connections and the rest of the document.
func (d *jsonDocument) Finish(r *record.Report) error {
	d.begin()
	for _, c := range r.Connections {
		if err := d.Connection(c); err != nil {
			return err
		}
	}
	if !d.o.SummaryOnly {
		d.e.endArray()
	}
	d.e.capture(&r.Capture)
	d.e.summary(&r.Summary)
	d.e.thresholds(r.Thresholds)
	d.e.ignored(r.Ignored)
	d.e.finish()
	_, err := d.w.Write(d.e.buf)
	return err
}

// head appends what every report begins with: the schema and the program.
func (e *encoder) head(o Options) {
	e.keyUint(`"schema":`, SchemaVersion)
	e.object(`"tool":`)
	e.keyStr(`"name":`, o.Tool.Name)
	e.keyStr(`"version":`, o.Tool.Version)
	e.endObject()
	if d := &o.Defaults; len(d.Settings) > 0 {
		e.object(`"defaults":`)
		e.keyStr(`"file":`, d.File)
		e.keyStrings(`"settings":`, d.Settings)
		e.endObject()
	}
}

func (e *encoder) capture(c *record.Capture) {
	e.object(`"capture":`)
	e.array(`"sources":`)
	for i := range c.Sources {
		s := &c.Sources[i]
		e.open('{')
		e.keyInt(`"file":`, i+1)
		e.keyStr(`"name":`, s.Name)
		e.keyStr(`"format":`, s.Format)
		e.keyStrings(`"link_types":`, s.LinkTypes)
		e.keyUint(`"packets":`, s.Packets)
		e.keyStrings(`"comments":`, s.Comments)
		e.keyStrings(`"interfaces":`, s.Interfaces)
		e.keyUint(`"received":`, s.Received)
		e.keyUint(`"dropped":`, s.Dropped)
		e.keyText(`"cut":`, s.Cut)
		e.keyBool(`"interrupted":`, s.Interrupted)
		if s.Format == "live" || s.Unread > 0 || len(s.Outages) > 0 {
			e.live(s)
		}
		if c.Taps != nil {
			e.keyText(`"vantage":`, s.Vantage)
		}
		e.endObject()
	}
	e.endArray()
	e.keyUint(`"packets":`, c.Packets)
	e.keyUint(`"segments":`, c.Segments)
	e.keyCounts(`"skipped":`, c.Skipped)
	if c.Packets == 0 || c.Untimed() {
		e.keyNull(`"first_time":`)
		e.keyNull(`"last_time":`)
		e.keyNull(`"duration_s":`)
	} else {
		e.keyTime(`"first_time":`, c.First)
		e.keyTime(`"last_time":`, c.Last)
		e.keySpan(`"duration_s":`, c.First, c.Last)
	}
	q := &c.Quality
	e.object(`"quality":`)
	e.keyUint(`"doubled_frames":`, q.DoubledFrames)
	e.keyUint(`"gap_bytes":`, q.GapBytes)
	e.keyUint(`"one_sided":`, q.OneSided)
	e.keyUint(`"midstream":`, q.Midstream)
	e.keyUint(`"snap_truncated":`, q.SnapTruncated)
	e.keyUint(`"cut_options":`, q.CutOptions)
	e.keyUint(`"untimed":`, q.Untimed)
	e.keyUint(`"clock_backwards":`, q.ClockBackwards)
	e.keyUint(`"offload_giants":`, q.OffloadGiants)
	e.keyUint(`"offload_checksum":`, q.OffloadChecksum)
	e.keyUint(`"bad_checksum":`, q.BadChecksum)
	e.keyUint(`"dropped":`, q.Dropped)
	e.keyUint(`"out_of_step":`, q.OutOfStep)
	if q.Skew > 0 {
		e.keySeconds(`"skew_s":`, float64(q.Skew)/1e9)
	} else {
		e.keyNull(`"skew_s":`)
	}
	e.keyUint(`"no_data":`, q.NoData)
	e.keyUint(`"fragments_missing":`, q.Fragmented)
	e.keyUint(`"first_fragments":`, q.FirstFragments)
	e.keyUint(`"fragments_overlapping":`, q.Overlapping)
	e.keyStrings(`"faults":`, q.Faults)
	e.endObject()
	e.taps(c.Taps)
	e.anomalyList(c.Anomalies)
	e.endObject()
}

// live appends what only a capture on interfaces has.
func (e *encoder) live(s *record.Source) {
	e.keyUint(`"unread":`, s.Unread)
	e.array(`"outages":`)
	for i := range s.Outages {
		o := &s.Outages[i]
		e.open('{')
		e.keyStr(`"interface":`, o.Interface)
		e.keyTime(`"from":`, o.From)
		if o.To == 0 {
			e.keyNull(`"to":`)
		} else {
			e.keyTime(`"to":`, o.To)
		}
		e.keyBool(`"gone":`, o.Gone)
		e.endObject()
	}
	e.endArray()
}

func (e *encoder) summary(s *record.Summary) {
	e.object(`"summary":`)
	e.keyUint(`"connections":`, s.Connections)
	e.keyUint(`"not_chosen":`, s.LeftOut)
	e.object(`"states":`)
	e.keyCounts(`"client":`, s.Client)
	e.keyCounts(`"server":`, s.Server)
	e.endObject()
	e.keyCounts(`"closes":`, s.Closes)
	e.keyVerdicts(`"verdicts":`, s.Verdicts)
	e.keyCounts(`"severities":`, s.Severities)
	e.array(`"anomalies":`)
	for i := range s.Anomalies {
		a := &s.Anomalies[i]
		e.open('{')
		e.keyStr(`"name":`, string(a.Name))
		e.keyLiteral(`"severity":`, a.Severity.String())
		e.keyStr(`"title":`, a.Title)
		e.keyUint(`"count":`, a.Count)
		e.keyUint(`"connections":`, a.Connections)
		e.endObject()
	}
	e.endArray()
	e.problems(s)
	e.services(s)
	e.concurrency(&s.Open)
	e.keyUint(`"bytes":`, s.Bytes)
	e.keyUint(`"evicted":`, s.Evicted)
	e.evictions(&s.Evictions)
	e.mptcpSummary(s.MPTCP)
	e.links(s)
	e.endObject()
}

func (e *encoder) evictions(v *record.Evictions) {
	e.object(`"evictions":`)
	e.keyUint(`"half_open":`, v.HalfOpen)
	e.keyUint(`"idle":`, v.Idle)
	e.keyUint(`"for_memory":`, v.ForMemory)
	e.keyUint(`"seen_again":`, v.SeenAgain)
	e.keyUint(`"packets_not_analysed":`, v.Packets)
	e.keyUint(`"forgotten":`, v.Forgotten)
	e.keyUint(`"ended_forgotten":`, v.EndedForgotten)
	if v.ForMemory > 0 {
		e.keyUint(`"memory_limit_bytes":`, v.Memory)
		e.keyText(`"memory_limited_by":`, v.LimitedBy)
	} else { // which changed nothing
		e.keyNull(`"memory_limit_bytes":`)
		e.keyNull(`"memory_limited_by":`)
	}
	e.endObject()
}

func (e *encoder) keyCounts(k string, counts []record.Count) {
	e.object(k)
	for _, c := range counts {
		e.nameKey(c.Name)
		e.uint(c.N)
	}
	e.endObject()
}
