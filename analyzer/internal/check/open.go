package check

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Open is what was found on a connection that goes on.
type Open struct {
	record.Anomaly
	Since fsm.Time // since when it has lasted; 0 for what happened and is over
}

// toldOpen reports whether the check is asked about connections that go on: where it is
// grave, or about time that is being lost.
func (c *Check) toldOpen() bool { return c.Pending != nil || c.Severity >= record.SeverityWarning }

// shortestWait is for how long something must have been waited for to be told.
const shortestWait = fsm.Second

// RunOpen judges a connection that goes on, as flow.Flow.LookAt shows it, and appends to
// list what is worth to be told at once: what is being waited for, and what is a warning
// or worse.
func (s *Set) RunOpen(f *flow.Flow, list []Open) []Open {
	if f.Untimed {
		return list
	}
	var c *Check
	found := func(x Finding) {
		if f.Over() { // nobody waits any more
			x.Since = 0
		}
		if x.Since != 0 {
			if x.Cost = f.Until - x.Since; x.Cost < shortestWait {
				return
			}
		}
		if o := (Open{c.judged(f, x), x.Since}); o.Since != 0 || c.Pending == nil && o.Severity >= record.SeverityWarning {
			o.Frames = slices.Clone(o.Frames) // some are the flow's
			list = append(list, o)
		}
	}
	for i := range s.gates {
		if c = s.checks[i]; !c.toldOpen() || !s.gates[i].opens(f.Meanings, &f.AllFacts) {
			continue
		}
		if c.Pending != nil {
			c.Pending(f, s.limits[i], found)
		} else {
			c.judge(f, s.limits[i], found)
		}
	}
	return list
}

// TellsOpen returns what segments mean or show where RunOpen may find something besides
// waits.
func (s *Set) TellsOpen() (m fsm.Meaning, facts flow.SegmentFacts) {
	for _, c := range s.checks {
		if c.Pending == nil && c.Severity >= record.SeverityWarning {
			m |= c.Meaning
			facts.AddAll(c.Facts)
		}
	}
	return m, facts
}
