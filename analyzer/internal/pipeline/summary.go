package pipeline

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// summary counts over the connections as they end.
type summary struct {
	checks      *check.Set
	connections uint64
	states      [2][fsm.NumStates]uint64
	closes      map[record.CloseKind]uint64
	verdicts    map[record.VerdictCode]uint64
	anomalies   map[record.CheckName]*record.AnomalyCount
	severities  [record.SeverityError + 1]uint64
	bytes       uint64
	evicted     uint64
}

func (s *summary) add(c *record.Connection) { s.addAlike(c, 1, c.Traffic[0].Bytes+c.Traffic[1].Bytes) }

// addAlike adds n connections that differ in nothing that is counted but in their bytes, which
// are so many together.
func (s *summary) addAlike(c *record.Connection, n, bytes uint64) {
	if s.closes == nil {
		s.closes, s.verdicts, s.anomalies = map[record.CloseKind]uint64{}, map[record.VerdictCode]uint64{}, map[record.CheckName]*record.AnomalyCount{}
	}
	s.connections += n
	s.bytes += bytes
	for side := range s.states {
		s.states[side][c.State[side].State] += n
	}
	if c.Evicted {
		s.evicted += n
	}
	s.closes[c.Close.Kind] += n
	s.verdicts[c.Verdict.Code] += n
	for i := range c.Anomalies {
		an := &c.Anomalies[i]
		sum := s.anomalies[an.Name]
		if sum == nil {
			sum = &record.AnomalyCount{Name: an.Name, Severity: an.Severity, Title: s.checks.Find(an.Name).Title}
			s.anomalies[an.Name] = sum
		}
		// A doubt takes a step off the severity on one connection and not on another.
		sum.Severity = max(sum.Severity, an.Severity)
		s.severities[an.Severity] += n
		sum.Count += n * an.Count
		if i == 0 || !named(c.Anomalies[:i], an.Name) {
			sum.Connections += n
		}
	}
}

func named(list []record.Anomaly, name record.CheckName) bool {
	return slices.ContainsFunc(list, func(a record.Anomaly) bool { return a.Name == name })
}

func addEvictions(sum *record.Evictions, more conntrack.Evictions) {
	sum.HalfOpen += more.HalfOpen
	sum.Idle += more.Idle
	sum.ForMemory += more.ForMemory
	sum.SeenAgain += more.SeenAgain
	sum.Packets += more.Packets
	sum.Forgotten += more.Forgotten
	sum.EndedForgotten += more.EndedForgotten
}

func (s *summary) report() record.Summary {
	r := record.Summary{Connections: s.connections, Bytes: s.bytes, Evicted: s.evicted}
	for state := range fsm.NumStates {
		for side, list := range []*[]record.Count{&r.Client, &r.Server} {
			if n := s.states[side][state]; n > 0 {
				*list = append(*list, record.Count{Name: fsm.State(state).String(), N: n})
			}
		}
	}
	for kind, n := range s.closes {
		r.Closes = append(r.Closes, record.Count{Name: string(kind), N: n})
	}
	slices.SortFunc(r.Closes, func(a, b record.Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name))
	})
	for code, n := range s.verdicts {
		v := record.Verdict{Code: code}
		r.Verdicts = append(r.Verdicts, record.VerdictCount{Code: code, Concern: v.Concern(), N: n})
	}
	slices.SortFunc(r.Verdicts, func(a, b record.VerdictCount) int {
		return cmp.Or(cmp.Compare(b.Concern, a.Concern), cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code))
	})
	for _, n := range s.anomalies {
		r.Anomalies = append(r.Anomalies, *n)
	}
	slices.SortFunc(r.Anomalies, func(a, b record.AnomalyCount) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	for sev := record.SeverityError; ; sev-- {
		r.Severities = append(r.Severities, record.Count{Name: sev.String(), N: s.severities[sev]})
		if sev == 0 {
			break
		}
	}
	return r
}
