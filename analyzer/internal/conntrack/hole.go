package conntrack

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Hole is a time in which nothing at all was captured, so long that the capture did not go
// on through it. From is the least of times where the packet behind it stands before all
// others.
type Hole struct {
	Before   fsm.Frame // the first packet behind it
	From, To fsm.Time
}

// Holes tells the table which holes the capture has so far.
func (t *Table) Holes(holes []Hole) { t.holes = holes }

// asOf returns the time as of which a connection is judged, whose latest segment was at
// latest. One that must go to make room may have been used since the tick. One that was
// not used since a hole is judged as of that: nobody watched while nothing came. And one
// that stands behind a hole with times from before it, because the clock was set back, was
// watched nobody knows how long.
func (t *Table) asOf(first fsm.Frame, latest fsm.Time) fsm.Time {
	now := max(t.now, latest)
	for i := range t.holes {
		switch h := &t.holes[i]; {
		case latest >= h.To:
		case first.File() == h.Before.File() && first >= h.Before:
			return latest
		case latest <= h.From:
			now = min(now, h.From)
		}
	}
	return now
}
