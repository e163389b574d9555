package record

import "slices"

// Clone returns a copy that shares nothing with c that its owner may write to:
// what a receiver of records that are valid during a call only has to keep.
func (c *Connection) Clone() *Connection {
	d := *c
	for i := range d.InState {
		d.InState[i] = slices.Clone(c.InState[i])
	}
	d.Transitions = slices.Clone(c.Transitions)
	d.ICMP = slices.Clone(c.ICMP)
	d.Owners = slices.Clone(c.Owners)
	d.Related = slices.Clone(c.Related)
	for i := range d.Related {
		d.Related[i].Frames = slices.Clone(c.Related[i].Frames)
	}
	d.Exchanges = c.Exchanges.clone()
	d.Spent.Longest = slices.Clone(c.Spent.Longest)
	d.Close.TimeWait = slices.Clone(c.Close.TimeWait)
	d.Anomalies = slices.Clone(c.Anomalies)
	for i := range d.Anomalies {
		a := &d.Anomalies[i]
		a.Frames = slices.Clone(a.Frames)
		a.Benign = slices.Clone(a.Benign)
		a.Connections = slices.Clone(a.Connections)
	}
	d.Verdict.Frames = slices.Clone(c.Verdict.Frames)
	d.Verdict.Limits = slices.Clone(c.Verdict.Limits)
	for i := range d.Verdict.Limits {
		l := &d.Verdict.Limits[i]
		l.Frames = slices.Clone(l.Frames)
	}
	d.Quality.Doubts = slices.Clone(c.Quality.Doubts)
	d.Series = slices.Clone(c.Series)
	d.Segments = slices.Clone(c.Segments)
	for i := range d.Segments {
		d.Segments[i].Labels = slices.Clone(d.Segments[i].Labels)
	}
	return &d
}
