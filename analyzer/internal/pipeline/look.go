package pipeline

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude/verdict"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// lookKind says how a batch looks at the connections that are open after it.
type lookKind uint8

const (
	noLook   lookKind = iota
	lookMore          // at those with trouble that had a segment
	lookOver          // over all
	lookAll           // and at all with trouble, which are told again
)

// How often there is a look.
const (
	lookEvery     = fsm.Second
	lookMoreEvery = batchTime
)

// mostLooks is how many connections are judged at one look over all shards.
const mostLooks = 512

// looks decides how the batch that ends now looks at what is open.
func (a *Analyzer) looks(now fsm.Time) lookKind {
	switch {
	case a.opt.Notice == nil:
		return noLook
	case a.tell:
		a.tell = false
		return lookAll
	case now-a.looked >= lookEvery:
		a.looked, a.lookedMore = now, now
		return lookOver
	case now-a.lookedMore >= lookMoreEvery:
		a.lookedMore = now
		return lookMore
	}
	return noLook
}

// Survey has Options.Survey receive records of the connections that were not reported yet, as
// they would be if they were reported when the batch under way ends, at most so many.
func (a *Analyzer) Survey(most int) {
	if a.opt.Survey != nil {
		a.survey = most
	}
}

// Tell has all findings told that go on, as record.NoticeGoesOn.
func (a *Analyzer) Tell(now fsm.Time) {
	if a.opt.Notice != nil {
		a.tell = true
		a.Advance(now)
	}
}

// told is what was told of an open connection. It is remembered until the connection's end,
// so that nothing is told twice.
type told struct {
	client, server record.Addr
	findings       []toldFinding // one of a check and side
}

type toldFinding struct {
	check.Open
	seen fsm.Time // when it was found the last time
	over bool     // that was told too

	// What the same wait goes on as, where another check tells of it from some time on.
	now struct {
		name record.CheckName
		side string
	}
}

const (
	// maxTold bounds the connections of a shard of which something was told. More are
	// only counted: what is remembered must not grow for ever.
	maxTold = conntrack.MaxWatched
	// maxToldAlike bounds the findings of one check: a flood must not hide the rest.
	maxToldAlike = maxTold / 4
)

// lookOptions are the table's.
func (s *shard) lookOptions(shards int) conntrack.LookOptions {
	s.told, s.toldAlike = make(map[uint64]*told), make(map[record.CheckName]int)
	o := conntrack.LookOptions{Judge: s.lookAt, Most: mostLooks / shards}
	o.Meaning, o.Facts = s.checks.TellsOpen()
	return o
}

// surveyed makes a record of an open connection, as if it were reported now. Its findings
// are those that are told of open connections.
func (s *shard) surveyed(f *flow.Flow) {
	c := s.records.Get().(*record.Connection)
	conclude.Record(f, c, s.names)
	c.NoICMP = !s.icmp
	s.owners.Describe(c, false)
	s.found = s.checks.RunOpen(f, s.found[:0])
	c.Anomalies = c.Anomalies[:0]
	for i := range s.found {
		c.Anomalies = append(c.Anomalies, s.found[i].Anomaly)
	}
	slices.SortStableFunc(c.Anomalies, func(a, b record.Anomaly) int { return cmp.Compare(b.Severity, a.Severity) })
	c.Verdict = verdict.Of(c)
	s.batch.surveyed = append(s.batch.surveyed, c)
}

// look has the table look at its open connections.
func (s *shard) look(b *batch) {
	if b.survey > 0 {
		s.table.Survey(b.now, (b.survey+len(b.shards)-1)/len(b.shards), s.surveyed)
	}
	switch b.look {
	case lookMore:
		s.table.LookAtWatched(b.now)
	case lookOver:
		s.table.Look(b.now)
	case lookAll:
		s.table.LookAtAllWatched(b.now)
		for id, t := range s.told {
			for i := range t.findings {
				if x := &t.findings[i]; !x.over {
					s.notice(id, t, x, record.NoticeGoesOn, b.now)
				}
			}
		}
	}
}

// lookAt judges an open connection as it is, and tells what is new.
func (s *shard) lookAt(f *flow.Flow) conntrack.Looked {
	s.found = s.checks.RunOpen(f, s.found[:0])
	t := s.told[f.ID]
	if t != nil {
		s.endFindings(f, t)
	}
	how := conntrack.LookLater
	for i := range s.found {
		x := &s.found[i]
		switch {
		case !s.tells(f, x):
			how = max(how, conntrack.LookNoMore)
		case x.Since != 0:
			how = conntrack.LookAgain
		}
	}
	return how
}

// tells tells a finding, unless it was told and is not over. It reports whether there was
// room to remember it.
func (s *shard) tells(f *flow.Flow, x *check.Open) bool {
	t := s.told[f.ID]
	k := t.find(x)
	switch {
	case k != nil && !k.over:
		k.Anomaly, k.seen, k.now.name = x.Anomaly, f.Until, ""
		return true
	case k != nil && x.Since <= k.seen: // what happened is told once, and so is a wait
		return true
	case k != nil:
		*k = toldFinding{Open: *x}
	case t == nil && len(s.told) >= maxTold || s.toldAlike[x.Name] >= maxToldAlike:
		s.batch.untold++
		return false
	default:
		if t == nil {
			t = &told{client: addr(f, fsm.Client), server: addr(f, fsm.Server)}
			s.told[f.ID] = t
		}
		s.toldAlike[x.Name]++
		t.findings = append(t.findings, toldFinding{Open: *x})
		k = &t.findings[len(t.findings)-1]
	}
	k.seen = f.Until
	s.notice(f.ID, t, k, record.NoticeFound, f.Until)
	return true
}

// find returns what was told of the check and the side, or nil.
func (t *told) find(x *check.Open) *toldFinding {
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.findings, func(k toldFinding) bool { return k.Name == x.Name && k.Side == x.Side })
	if i < 0 {
		return nil
	}
	return &t.findings[i]
}

func addr(f *flow.Flow, side fsm.Side) record.Addr {
	return record.Addr{IP: f.Ends[side].Addr(), Port: f.Ends[side].Port}
}

// endFindings tells which of the findings told are over: those that are not found any more,
// or about a wait that began since.
func (s *shard) endFindings(f *flow.Flow, t *told) {
	for i := range t.findings {
		k := &t.findings[i]
		if k.over || s.goesOn(t, k) {
			continue
		}
		until := f.Last.Time
		if x := s.foundNow(k.Name, k.Side); x != nil {
			until = min(until, x.Since)
		}
		s.over(f.ID, t, k, until, f.Until, false)
	}
}

// foundNow returns what was found of a check and a side on the connection under way, or nil.
func (s *shard) foundNow(name record.CheckName, side string) *check.Open {
	if i := slices.IndexFunc(s.found, func(x check.Open) bool { return x.Name == name && x.Side == side }); i >= 0 {
		return &s.found[i]
	}
	return nil
}

// goesOn reports whether what was told goes on: it was found again, or the wait is another
// check's by now, as that of stall becomes data-unacknowledged's.
func (s *shard) goesOn(t *told, k *toldFinding) bool {
	if x := s.foundNow(k.Name, k.Side); x != nil {
		return x.Since <= k.seen
	}
	if k.now.name != "" {
		return s.foundNow(k.now.name, k.now.side) != nil
	}
	for i := range s.found {
		x := &s.found[i]
		if known := t.find(x); k.Since != 0 && x.Since != 0 && x.Since <= k.seen && (known == nil || known.over) {
			k.now.name, k.now.side = x.Name, x.Side
			return true
		}
	}
	return false
}

// ends tells that what was told of a connection is over, as its record ends.
func (s *shard) ends(id uint64, until, now fsm.Time) {
	t := s.told[id]
	if t == nil {
		return
	}
	for i := range t.findings {
		k := &t.findings[i]
		s.toldAlike[k.Name]--
		if !k.over {
			s.over(id, t, k, until, now, true)
		}
	}
	delete(s.told, id)
}

func (s *shard) over(id uint64, t *told, k *toldFinding, until, now fsm.Time, ended bool) {
	k.over = true
	n := s.notice(id, t, k, record.NoticeOver, now)
	n.Until, n.Ended = until, ended
}

func (s *shard) notice(id uint64, t *told, k *toldFinding, state record.NoticeState, now fsm.Time) *record.Notice {
	s.batch.notices = append(s.batch.notices, record.Notice{
		Connection: id, Client: t.client, Server: t.server, State: state, At: now, Since: k.Since, Anomaly: k.Anomaly,
	})
	return &s.batch.notices[len(s.batch.notices)-1]
}
