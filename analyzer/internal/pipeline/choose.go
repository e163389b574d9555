package pipeline

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// choice is Options.Choose as a shard asks it, where it may: of many connections chosen from,
// few are, and to make a record of each, pass it on and find then that nobody wants it would
// take twice as long as all the rest.
type choice struct {
	choose          func(*record.Connection) bool // nil if all are chosen, or that is asked later
	byKind, byCount bool
	roundTrips      func(*flow.Orderly) bool // nil if these are not looked at

	orderly flow.Orderly

	// A clean connection whose own record is being made: these stand for it if it is not chosen.
	likely  *template
	summary *conntrack.CleanSummary
}

func (s *shard) choiceOf(o *Options) (x choice) {
	if o.ChooseEarly {
		x.choose, x.byKind, x.byCount = o.Choose, o.ChooseByKind, o.ChooseByCount
		if o.ChooseByRTT && !o.ChooseByCount {
			x.roundTrips = s.table.RoundTrips
		}
	}
	return x
}

// leaves reports whether a connection is not chosen.
func (x *choice) leaves(c *record.Connection) bool { return x.choose != nil && !x.choose(c) }

// byTemplate reports whether a clean connection is not chosen, and whether it can be told
// without a record of its own.
func (x *choice) byTemplate(t *template, c *conntrack.CleanSummary) (left, tells bool) {
	switch {
	case x.choose == nil:
		return false, true
	case x.byKind:
		return t.left, true
	case x.roundTrips != nil && x.roundTrips(&x.orderly), x.byCount:
	default:
		x.summary = c
		return false, false
	}
	r := showIn(t.record, &c.CleanNumbers)
	if x.roundTrips != nil {
		conclude.Orderly(&x.orderly, r)
	}
	return !x.choose(r), true
}
