package overview

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
)

// mostProblems bounds the pairs of a cause and a service that are told apart; what comes
// beyond them is one problem of its cause.
const mostProblems = 4096

// cause is what a problem's connections have in common: a verdict or a check's finding.
type cause struct {
	verdict record.VerdictCode
	check   record.CheckName
}

type problemKey struct {
	cause
	server server
}

type problem struct {
	record.Problem
	cost, worstCost micros
	counted         uint64 // the connection counted latest: a check may have found something on both its sides
}

type problems struct {
	known     earliest.Map[problemKey, problem]
	rest      map[cause]*problem
	latest    *problem // of latestKey: in a flood it is the same again and again
	latestKey problemKey
}

// add takes in what is wrong with a connection: that it failed or ended in trouble, that
// it lost time, that a check warns of it. What says the same as the verdict is left out,
// and so are warnings about one that failed: its failure is what matters.
func (v *problems) add(c *record.Connection, s server, own bool) {
	concern := c.Verdict.Concern()
	if concern < record.ConcernTrouble && len(c.Anomalies) == 0 {
		return
	}
	if concern >= record.ConcernTrouble {
		var cost float64
		if concern == record.ConcernFailure {
			cost = max(leastCost, lostByFailure(c))
		} else {
			cost = costTold(c)
		}
		p := v.find(problemKey{cause{verdict: c.Verdict.Code}, s}, c)
		p.Concern = concern
		p.count(c, cost)
		if own {
			p.show(c, cost, c.Verdict.Frames, c.Verdict.Sentence)
		}
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		if !isProblem(c, concern, a) {
			continue
		}
		p := v.find(problemKey{cause{check: a.Name}, s}, c)
		p.Concern = record.ConcernTrouble
		p.count(c, a.Cost)
		if own {
			p.show(c, a.Cost, a.Frames, a.Message)
		}
	}
}

// isProblem reports whether a finding on a connection of this concern is a problem by itself.
func isProblem(c *record.Connection, concern record.Concern, a *record.Anomaly) bool {
	return (a.Cost > 0 || a.Severity >= record.SeverityWarning && concern != record.ConcernFailure) &&
		a.Severity != record.SeverityCapture && !told(c.Verdict.Code, a.Name)
}

// leastCost is what a failure costs at least, in seconds: one that comes at once, such as
// a refusal, leaves somebody without an answer too.
const leastCost = 1

// lostByFailure returns how many seconds the connection had made no headway when it ended:
// since its last data, or since its start.
func lostByFailure(c *record.Connection) float64 {
	if c.Quality.Untimed {
		return 0
	}
	since := c.First
	for side := range c.Tail {
		t := &c.Tail[side]
		useful := t.LastData
		if u := &t.Unanswered; u.Frame != 0 && u.Time != 0 {
			useful = min(useful, u.Time) // what came after it was in vain
		}
		since = max(since, useful)
	}
	return max(0, c.Last.Seconds(since))
}

// told reports whether a finding says what the verdict says already.
func told(v record.VerdictCode, name record.CheckName) bool {
	return slices.Contains(sameAs[v], name)
}

// Costs reports whether a time that a finding tells on the connection is summed up: of
// another connection it would be another. What a failure cost goes by the connection's own
// times.
func Costs(c *record.Connection) bool {
	failed := c.Verdict.Concern() == record.ConcernFailure
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; a.Cost > 0 && !(failed && told(c.Verdict.Code, a.Name)) {
			return true
		}
	}
	return false
}

// costTold returns what the findings cost that say what the verdict says.
func costTold(c *record.Connection) (cost float64) {
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; told(c.Verdict.Code, a.Name) {
			cost += a.Cost
		}
	}
	return cost
}

var sameAs = map[record.VerdictCode][]record.CheckName{
	record.VerdictStuckCloseWait:       {record.CheckCloseWaitStuck},
	record.VerdictStuckFINWait2:        {record.CheckFINWait2Stuck},
	record.VerdictCloseUnacknowledged:  {record.CheckFINUnacked},
	record.VerdictWindowClosed:         {record.CheckZeroWindowDuration},
	record.VerdictClosedWithReset:      {record.CheckTimeWaitMissing, record.CheckTimeWaitAssassination},
	record.VerdictUnanswered:           {record.CheckConnectNoAnswer, record.CheckSYNRetransmit, record.CheckSlowHandshake},
	record.VerdictRejectedByICMP:       {record.CheckSYNRetransmit},
	record.VerdictRefusedByTimeWait:    {record.CheckSYNRetransmit},
	record.VerdictSYNACKUnacknowledged: {record.CheckSYNACKRetransmit, record.CheckSYNRetransmit},
	record.VerdictPeerVanished:         {record.CheckDataUnacknowledged, record.CheckStall},
	record.VerdictDroppedWhileIdle:     {record.CheckDataUnacknowledged, record.CheckStall},
	record.VerdictPathMTUBlackHole:     {record.CheckPathMTUBlackHole, record.CheckDataUnacknowledged, record.CheckStall},
	record.VerdictResetStateLost:       {record.CheckDataUnacknowledged, record.CheckStall},
	record.VerdictRequestIncomplete:    {record.CheckRequestIncomplete},
	record.VerdictAnswerCutShort:       {record.CheckAnswerCutShort},
	record.VerdictDeadByKeepalive:      {record.CheckKeepaliveDeadPeer},
}

// find returns the problem of a cause at a service, made anew where there is room.
func (v *problems) find(key problemKey, c *record.Connection) *problem {
	if v.latest == nil || key != v.latestKey {
		v.latest, v.latestKey = v.findAny(key, c), key
	}
	return v.latest
}

func (v *problems) findAny(key problemKey, c *record.Connection) *problem {
	p, added := v.known.At(key, mostProblems)
	if added {
		*p = newProblem(key, c)
	}
	if p != nil {
		return p
	}
	if r := v.rest[key.cause]; r != nil {
		if r.Server.IP != c.Server.IP {
			r.Server = record.Addr{}
		}
		r.Server.Port = 0
		return r
	}
	if v.rest == nil {
		v.rest = make(map[cause]*problem)
	}
	fresh := newProblem(key, c)
	fresh.Server.Port = 0
	v.rest[key.cause] = &fresh
	return &fresh
}

func newProblem(key problemKey, c *record.Connection) problem {
	return problem{Problem: record.Problem{Verdict: key.verdict, Check: key.check, Server: c.Server, Services: 1}}
}

// count counts a connection that has the problem, and what that cost.
func (p *problem) count(c *record.Connection, cost float64) {
	if p.counted != c.ID {
		p.counted = c.ID
		p.Connections++
	}
	p.cost += microsOf(cost)
	addID(&p.Problem, c.ID)
}

// show makes a connection the one that is told of, if it lost more than those before.
func (p *problem) show(c *record.Connection, seconds float64, frames []fsm.Frame, message string) {
	cost := microsOf(seconds)
	if p.Worst == 0 || cost > p.worstCost || cost == p.worstCost && c.ID < p.Worst {
		p.Worst, p.worstCost, p.WorstClient, p.WorstServer = c.ID, cost, c.Client, c.Server
		p.Frames = append(p.Frames[:0], frames...)
		p.Message = message
	}
}

// addID keeps the lowest numbers, in order.
func addID(p *record.Problem, id uint64) {
	if n := len(p.IDs); n == record.MaxProblemIDs && id > p.IDs[n-1] {
		return
	}
	i, has := slices.BinarySearch(p.IDs, id)
	switch {
	case has || i == record.MaxProblemIDs:
		return
	case len(p.IDs) == record.MaxProblemIDs:
		p.IDs = p.IDs[:len(p.IDs)-1]
	}
	p.IDs = slices.Insert(p.IDs, i, id)
}

// mostServers is how many services of one cause are told one by one; more are put together
// by their host, and more hosts than that into one problem.
const mostServers = 3

func (v *problems) report() []record.Problem {
	byCause := map[cause][]*problem{}
	for key, p := range v.known.All() {
		byCause[key.cause] = append(byCause[key.cause], p)
	}
	for cause, p := range v.rest {
		byCause[cause] = append(byCause[cause], p)
	}
	var out []record.Problem
	for _, list := range byCause {
		slices.SortFunc(list, func(a, b *problem) int { return compareAddr(a.Server, b.Server) })
		list = together(list, func(p *problem) record.Addr { return record.Addr{IP: p.Server.IP} })
		list = together(list, func(*problem) record.Addr { return record.Addr{} })
		for _, p := range list {
			p.Cost, p.WorstCost = p.cost.seconds(), p.worstCost.seconds()
			out = append(out, p.Problem)
		}
	}
	slices.SortFunc(out, func(a, b record.Problem) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Concern, a.Concern), cmp.Compare(b.Connections, a.Connections),
			cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Check, b.Check), compareAddr(a.Server, b.Server))
	})
	if len(out) > record.MaxProblems {
		out = out[:record.MaxProblems]
	}
	return out
}

// together puts the problems of one cause together by what of gives, if they are many.
func together(list []*problem, of func(*problem) record.Addr) []*problem {
	if len(list) <= mostServers {
		return list
	}
	sums := map[record.Addr]*problem{}
	var out []*problem
	for _, p := range list {
		where := of(p)
		sum := sums[where]
		if sum == nil {
			own := *p
			own.IDs = slices.Clone(p.IDs)
			sums[where] = &own
			out = append(out, &own)
			continue
		}
		sum.Server = where
		sum.Services += p.Services
		sum.Connections += p.Connections
		sum.cost += p.cost
		for _, id := range p.IDs {
			addID(&sum.Problem, id)
		}
		if p.Worst != 0 && (sum.Worst == 0 || p.worstCost > sum.worstCost || p.worstCost == sum.worstCost && p.Worst < sum.Worst) {
			sum.Worst, sum.worstCost, sum.WorstClient, sum.WorstServer = p.Worst, p.worstCost, p.WorstClient, p.WorstServer
			sum.Frames, sum.Message = p.Frames, p.Message
		}
	}
	return out
}
