package report

import (
	"cmp"
	"container/heap"
	"io"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// A Digest gathers what a text report shows of a capture's connections, as they end:
// the records of those that are shown, and counts of all. What it keeps does not grow
// with the capture, but with Options.Limit 0 or Options.Full. It is not safe for
// concurrent use.
type Digest struct {
	o      Options
	total  int
	shown  worstFirst // at most Limit
	groups map[findingKey]*findingGroup
	shares bool    // records stay valid: they need not be copied
	both   *Digest // of the connections seen at two taps, where there are two
}

// NewDigest returns a Digest for a report with these options.
func NewDigest(o Options) *Digest {
	return &Digest{o: o, groups: map[findingKey]*findingGroup{}}
}

// digestOf gathers from a report that holds its connections.
func digestOf(r *record.Report, o Options) *Digest {
	d := NewDigest(o)
	d.shares = true
	for _, c := range r.Connections {
		d.Add(c)
	}
	return d
}

// Add takes a connection that has ended. The record may be used for another one
// afterwards.
func (d *Digest) Add(c *record.Connection) {
	d.add(c)
	if c.Between == nil {
		return
	}
	if d.both == nil {
		d.both = NewDigest(d.o)
		d.both.shares = d.shares
	}
	d.both.add(c)
}

func (d *Digest) add(c *record.Connection) {
	d.total++
	var own *record.Connection
	keep := func() *record.Connection {
		if own == nil {
			if own = c; !d.shares {
				own = c.Clone()
			}
		}
		return own
	}
	if d.o.Limit <= 0 {
		d.shown = append(d.shown, keep())
	} else if len(d.shown) < d.o.Limit {
		heap.Push(&d.shown, keep())
	} else if deservesMore(c, d.shown[0]) {
		d.shown[0] = keep()
		heap.Fix(&d.shown, 0)
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		k := findingKey{a.Severity, a.Name}
		g := d.groups[k]
		if g == nil {
			g = &findingGroup{findingKey: k, first: c.ID, nth: i}
			d.groups[k] = g
		}
		g.n++
		if c.ID < g.first {
			g.first, g.nth = c.ID, i
		}
		if most := d.examples(); most == 0 || len(g.list) < most {
			g.list = append(g.list, finding{keep(), &keep().Anomalies[i]})
		} else if last := g.last(); c.ID < g.list[last].conn.ID {
			g.list[last] = finding{keep(), &keep().Anomalies[i]}
		}
	}
}

// examples returns how many occurrences of a finding are told, 0 for all.
func (d *Digest) examples() int {
	if d.o.Limit <= 0 || d.o.Full {
		return 0
	}
	return min(examplesPerFinding, d.o.Limit)
}

// connections returns those to be shown, and how many more there were. If there were
// more, the worst come first; otherwise all are in order of ID.
func (d *Digest) connections() (shown []*record.Connection, left int) {
	shown = slices.Clone(d.shown)
	left = d.total - len(shown)
	if d.shares && d.o.Limit <= 0 {
		return shown, left // a report has them in order
	}
	slices.SortFunc(shown, func(a, b *record.Connection) int {
		if left == 0 || deservesSame(a, b) {
			return cmp.Compare(a.ID, b.ID)
		}
		if deservesMore(a, b) {
			return -1
		}
		return 1
	})
	return shown, left
}

// findings returns the groups of findings, the worst first, then in the order of
// their first connection.
func (d *Digest) findings() []*findingGroup {
	var groups []*findingGroup
	for _, g := range d.groups {
		slices.SortStableFunc(g.list, func(a, b finding) int { return cmp.Compare(a.conn.ID, b.conn.ID) })
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *findingGroup) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(a.first, b.first), cmp.Compare(a.nth, b.nth))
	})
	return groups
}

// Write writes the report: r's capture and summary, and what was gathered.
func (d *Digest) Write(w io.Writer, r *record.Report, o Options) error {
	return d.write(w, r, o.forReport(r))
}

func (d *Digest) write(w io.Writer, r *record.Report, o Options) error {
	return render(w, o, func(p *page) {
		p.captureSummary(r)
		if o.SummaryOnly || d.total == 0 {
			return
		}
		p.line()
		p.connectionTable(d, r.Capture.First)
		p.line()
		if r.Capture.Taps != nil {
			p.between(d)
			p.line()
		}
		p.findings(d, r)
		if o.Timelines {
			p.timelines(d)
		}
	})
}

// deservesMore reports whether a is to be looked at before b: for its findings, then
// for its verdict, then for its place.
func deservesMore(a, b *record.Connection) bool {
	return cmp.Or(cmp.Compare(gravity(a), gravity(b)), cmp.Compare(a.Verdict.Concern(), b.Verdict.Concern()), cmp.Compare(b.ID, a.ID)) > 0
}

func deservesSame(a, b *record.Connection) bool {
	return gravity(a) == gravity(b) && a.Verdict.Concern() == b.Verdict.Concern()
}

// worstFirst is a heap with the connection on top that is given up first.
type worstFirst []*record.Connection

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return deservesMore(h[j], h[i]) }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(x any)        { *h = append(*h, x.(*record.Connection)) }
func (h *worstFirst) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}
