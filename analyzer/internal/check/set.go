package check

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Set is the checks of one analysis. It may be used by several goroutines.
type Set struct {
	checks []*Check
	gates  []gate // of the checks, close together: most connections open few of them
	limits []Limits
}

// gate says on which connections a check runs.
type gate struct {
	meaning fsm.Meaning
	facts   flow.SegmentFacts
	open    bool // on all; otherwise where a segment meant or showed one of these
}

func (g *gate) opens(m fsm.Meaning, facts *flow.SegmentFacts) bool {
	return g.open || m.Any(g.meaning) || facts.Any(g.facts)
}

// NewSet returns the set of the checks listed.
func NewSet(list []*Check) *Set {
	s := &Set{checks: list, gates: make([]gate, len(list)), limits: make([]Limits, len(list))}
	for i, c := range list {
		s.gates[i] = gate{c.Meaning, c.Facts, c.Meaning == 0 && c.Facts.Empty()}
		s.limits[i] = c.limits()
	}
	return s
}

// Find returns the check of that name, or nil.
func (s *Set) Find(name record.CheckName) *Check {
	for _, c := range s.checks {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Run judges a finished connection with every check and returns the anomalies,
// the worst first, in the set's order within a severity.
func (s *Set) Run(f *flow.Flow, anomalies []record.Anomaly) []record.Anomaly {
	anomalies = anomalies[:0]
	var c *Check
	found := func(x Finding) { // one closure for all checks
		anomalies = append(anomalies, c.judged(f, x))
	}
	for i := range s.gates {
		if s.gates[i].opens(f.Meanings, &f.AllFacts) {
			c = s.checks[i]
			c.judge(f, s.limits[i], found)
		}
	}
	if len(anomalies) < 2 {
		return anomalies
	}
	slices.SortStableFunc(anomalies, func(a, b record.Anomaly) int { return int(b.Severity) - int(a.Severity) })
	return anomalies
}

func (c *Check) judge(f *flow.Flow, by Limits, found func(Finding)) {
	if c.JudgeBy != nil {
		c.JudgeBy(f, by, found)
		return
	}
	c.Judge(f, found)
}

// judged returns the anomaly that a finding on the connection is, with its doubts.
func (c *Check) judged(f *flow.Flow, x Finding) record.Anomaly {
	a := c.anomaly(f, x)
	if a.Doubt = doubt(f, c.Needs); a.Doubt == "" {
		a.Doubt = x.Doubt
	}
	if f.Untimed {
		withoutTimes(&a, c.Title)
	}
	if a.Doubt != "" && a.Severity > record.SeverityNote {
		a.Severity--
	}
	return a
}

// NotOncePerTemplate returns the checks that could look at connections whose segments
// mean and show no more than this, and that do not say that they may be judged once
// for all such connections of a template, as their thresholds are set.
func (s *Set) NotOncePerTemplate(m fsm.Meaning, facts flow.SegmentFacts) []*Check {
	var list []*Check
	for i, c := range s.checks {
		if (c.OncePerTemplate == "" || s.lowered(i)) && s.gates[i].opens(m, &facts) {
			list = append(list, c)
		}
	}
	return list
}
