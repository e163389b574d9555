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
	by     *groups // if the report is to have groups in place of connections
}

// NewDigest returns a Digest for a report with these options.
func NewDigest(o Options) *Digest {
	d := &Digest{o: o, shown: worstFirst{key: sortKeyOf(o.Sort)}, groups: map[findingKey]*findingGroup{}}
	if o.By != "" {
		d.by = newGroups(o.By)
	}
	return d
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
	if d.by != nil {
		d.by.add(c)
	}
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
		d.shown.list = append(d.shown.list, keep())
	} else if len(d.shown.list) < d.o.Limit {
		heap.Push(&d.shown, keep())
	} else if d.shown.deservesMore(c, d.shown.list[0]) {
		d.shown.list[0] = keep()
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
		if !slices.ContainsFunc(c.Anomalies[:i], func(x record.Anomaly) bool { return x.Name == k.name && x.Severity == k.severity }) {
			g.conns++
		}
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

// connections returns those to be shown, those that deserve most first, and how many more
// there were.
func (d *Digest) connections() (shown []*record.Connection, left int) {
	shown = slices.Clone(d.shown.list)
	left = d.total - len(shown)
	slices.SortFunc(shown, func(a, b *record.Connection) int {
		return cmp.Or(d.shown.key.before(b, a), cmp.Compare(a.ID, b.ID))
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
		p.firstScreen(r)
		if o.SummaryOnly || d.total == 0 {
			return
		}
		p.line()
		if d.by != nil {
			p.groupTable(d.by)
			return
		}
		if !o.Lines {
			p.connectionTable(d, r.Capture.First)
			p.line()
		}
		if r.Capture.Taps != nil {
			p.between(d)
			p.line()
		}
		p.findings(d, r)
		if o.Filters {
			p.filters(d, r)
		}
		if o.Timelines {
			p.timelines(d)
		}
	})
}

// firstScreen writes what is wrong, how the services did, and what was read.
func (p *page) firstScreen(r *record.Report) {
	if r.Summary.Connections+r.Summary.LeftOut > 0 {
		p.problems(r)
		p.line()
	}
	if r.Summary.Connections > 1 {
		p.serviceTable(&r.Summary)
		p.line()
	}
	p.captureSummary(r)
}

// worstFirst is a heap with the connection on top that is given up first.
type worstFirst struct {
	key  sortKey
	list []*record.Connection
}

// deservesMore reports whether a is to be looked at before b.
func (h *worstFirst) deservesMore(a, b *record.Connection) bool {
	return cmp.Or(h.key.before(a, b), cmp.Compare(b.ID, a.ID)) > 0
}

func (h *worstFirst) Len() int           { return len(h.list) }
func (h *worstFirst) Less(i, j int) bool { return h.deservesMore(h.list[j], h.list[i]) }
func (h *worstFirst) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *worstFirst) Push(x any)         { h.list = append(h.list, x.(*record.Connection)) }
func (h *worstFirst) Pop() any {
	last := len(h.list) - 1
	c := h.list[last]
	h.list = h.list[:last]
	return c
}
