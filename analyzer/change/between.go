package change

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/chance"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Between compares two sets of connections. They can go on to be used.
func Between(before, after *Set, opt Options) *Result {
	r := &Result{Level: opt.Level, Before: before.total(), After: after.total(), Unfollowed: before.unfollowed + after.unfollowed}
	if !(r.Level > 0 && r.Level < 1) {
		r.Level = DefaultLevel
	}
	for _, p := range pairs(before, after, opt.ByPort) {
		r.take(p)
	}
	var least [questions][]float64
	r.each(func(_ *Service, c *Comparison) { c.leastChances(&least) })
	var times [questions]float64
	for q := range least {
		n := chance.Tarone(least[q], r.Level/float64(questions))
		r.Comparisons += n
		times[q] = float64(questions) * float64(n)
	}
	r.each(func(s *Service, c *Comparison) {
		c.judge(r.Level, &times)
		if c.Outcome == Changed {
			s.Changes = append(s.Changes, *c)
		}
	})
	for i := range r.Services {
		r.Services[i].order()
	}
	slices.SortStableFunc(r.Services, mostChanged)
	return r
}

func (s *Set) total() Total {
	return Total{Connections: s.connections, Failed: s.failed, Services: len(s.services), First: s.first, Last: s.last}
}

// take takes a pair of services into the result, as far as there is room.
func (r *Result) take(p pair) {
	switch {
	case p.after == nil && len(r.OnlyBefore) < record.MaxServices:
		r.OnlyBefore = append(r.OnlyBefore, sideOf(p.before))
	case p.before == nil && len(r.OnlyAfter) < record.MaxServices:
		r.OnlyAfter = append(r.OnlyAfter, sideOf(p.after))
	case p.before != nil && p.after != nil && len(r.Services) < record.MaxServices:
		s := Service{Name: p.any().name, Match: p.match, Before: sideOf(p.before), After: sideOf(p.after), Doubts: p.doubts()}
		s.Measures = p.comparisons()
		r.Services = append(r.Services, s)
	default:
		r.Others++
		for _, v := range [...]*service{p.before, p.after} {
			if v != nil {
				r.OtherConns += v.counts.connections
			}
		}
	}
}

func (r *Result) each(f func(*Service, *Comparison)) {
	for i := range r.Services {
		s := &r.Services[i]
		for k := range s.Measures {
			f(s, &s.Measures[k])
		}
	}
}

// doubts are reasons why what differs may be no change of the service.
func (p *pair) doubts() (list []string) {
	if p.match == ByPort && !p.same() && len(p.before.servers)+len(p.after.servers) > 2 {
		list = append(list, "Several addresses of one port were put together: perhaps these are other services.")
	}
	a, b := p.before.vantage(), p.after.vantage()
	if a != "" && b != "" && a != b {
		list = append(list, "The captures were taken at different places, "+places[a]+" before and "+places[b]+" after: times and losses there are others.")
	}
	return list
}

var places = map[string]string{"near-client": "near the client", "near-server": "near the server", "between": "in between"}

// vantage is where most connections were captured, "" if no place has nine tenths of them.
func (v *service) vantage() string {
	all := uint64(0)
	for _, n := range v.vantages {
		all += n
	}
	for i, n := range v.vantages {
		if n > 0 && float64(n) >= 0.9*float64(all) {
			return vantages[i]
		}
	}
	return ""
}

// comparisons lays out what is compared of the pair.
func (p *pair) comparisons() []Comparison {
	a, b := &p.before.counts, &p.after.counts
	failed := share(&failedRule, "", a.failed, b.failed, a, b)
	failed.From, failed.To = b.failedFirst, b.failedLast
	list := []Comparison{failed}
	for i := range record.VerdictDocs {
		d := &record.VerdictDocs[i]
		inA, inB := a.verdicts[d.Code], b.verdicts[d.Code]
		if d.Concern < record.ConcernTrouble || inA+inB == 0 {
			continue
		}
		rule := &troubleRule
		if d.Concern == record.ConcernFailure {
			rule = &verdictRule
		}
		list = append(list, share(rule, d.Code, inA, inB, a, b))
	}
	list = append(list, share(&warnedRule, "", a.warned, b.warned, a, b))
	for i := range rules {
		c := Comparison{Measure: rules[i].measure, Unit: rules[i].unit, rule: &rules[i]}
		c.Before, c.After = p.before.value(c.rule), p.after.value(c.rule)
		c.part()
		c.Before.seal()
		c.After.seal()
		list = append(list, c)
	}
	return list
}

func share(r *rule, verdict record.VerdictCode, inA, inB uint64, a, b *counts) Comparison {
	of := func(have uint64, n *counts) Value {
		return Value{Value: float64(have) / float64(n.connections), Of: n.connections, Have: have, Connections: n.connections, Low: unknown, High: unknown}
	}
	return Comparison{Measure: r.measure, Verdict: verdict, Unit: Share, Before: of(inA, a), After: of(inB, b), rule: r}
}

// order puts causes before what may follow from them, and says so; and takes out verdicts
// of failure where more of all failed, which then tell of them.
func (s *Service) order() {
	told := func(m Measure) bool {
		return slices.ContainsFunc(s.Changes, func(c Comparison) bool { return c.Measure == m })
	}
	if told(Failed) {
		s.Changes = slices.DeleteFunc(s.Changes, func(c Comparison) bool { return c.rule == &verdictRule })
	}
	slices.SortStableFunc(s.Changes, func(a, b Comparison) int {
		return cmp.Or(cmp.Compare(a.rule.rank, b.rule.rank), cmp.Compare(b.size, a.size))
	})
	for i := range s.Changes {
		c := &s.Changes[i]
		for k := range s.Changes[:i] {
			if m := s.Changes[k].Measure; slices.Contains(c.rule.follows, m) {
				c.Follows = append(c.Follows, m)
			}
		}
	}
}

// mostChanged orders services: those where more fails first, then by how much changed.
func mostChanged(a, b Service) int {
	return cmp.Or(cmp.Compare(b.worst(), a.worst()), cmp.Compare(b.size(), a.size()))
}

func (s *Service) worst() (worst record.Severity) {
	for i := range s.Changes {
		worst = max(worst, s.Severity(&s.Changes[i]))
	}
	return worst
}

func (s *Service) size() (most float64) {
	for i := range s.Changes {
		most = max(most, s.Changes[i].size)
	}
	return most
}
