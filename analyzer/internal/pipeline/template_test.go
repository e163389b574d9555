package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check/aggregate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// said is what an analysis says of one connection, as far as sums depend on it.
type said struct {
	checks  string // "name, severity, count" each
	verdict record.VerdictCode
	close   record.CloseKind
	states  [2]fsm.State
	evicted bool
}

// judged is what an analysis said of all connections, by ID.
type judged struct {
	all       map[uint64]said
	ends      map[uint64]string
	templated [conntrack.Short + 1]int // connections without a record of their own
	report    *record.Report
}

// claiming are the checks that could be judged by templates alone: those that say they
// may be judged once per template, and those that never look at clean connections. One
// that says nothing and looks at all takes the templates from the program, which is
// slow and right, and would leave nothing to prove here.
func claiming() []*check.Check {
	list := slices.Clone(check.Catalogue)
	for kind := range conntrack.NumCleanKinds {
		m, facts := conntrack.CleanKind(kind).Shows()
		silent := check.NewSet(list).NotOncePerTemplate(m, facts)
		list = slices.DeleteFunc(list, func(c *check.Check) bool { return slices.Contains(silent, c) })
	}
	return list
}

func judge(opt Options, frames []frame) judged {
	j := judged{all: map[uint64]said{}, ends: map[uint64]string{}}
	var a *Analyzer
	opt.Each = func(c *record.Connection) error {
		var s said
		for i := range c.Anomalies {
			an := &c.Anomalies[i]
			s.checks += fmt.Sprintf("%s %s ×%d; ", an.Name, an.Severity, an.Count)
		}
		s.verdict, s.close, s.evicted = c.Verdict.Code, c.Close.Kind, c.Evicted
		s.states = [2]fsm.State{c.State[0].State, c.State[1].State}
		j.all[c.ID] = s
		j.ends[c.ID] = fmt.Sprintf("%s:%d → %s:%d, frame %d", c.Client.IP, c.Client.Port, c.Server.IP, c.Server.Port, c.FirstFrame.Number())
		for i := range a.batch.shards {
			for k := range a.batch.shards[i].templated {
				if p := &a.batch.shards[i].templated[k]; p.ID == c.ID {
					j.templated[p.kind]++
				}
			}
		}
		return nil
	}
	a = New(opt)
	analyse(a, frames)
	j.report = a.Finish()
	return j
}

// differences names what is said of connections in one analysis and not in the other.
func differences(bySums, byRecords judged) []string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(byRecords.all)) {
		if got, want := bySums.all[id], byRecords.all[id]; got != want {
			list = append(list, fmt.Sprintf("connection %d (%s): with templates %+v, by its own record %+v", id, byRecords.ends[id], got, want))
		}
	}
	if len(bySums.all) != len(byRecords.all) {
		list = append(list, fmt.Sprintf("%d connections with templates, %d by records", len(bySums.all), len(byRecords.all)))
	}
	return list
}

// holdTemplates judges the connections by templates and each by its own record, holds
// the two against each other, and returns the former.
func holdTemplates(t *testing.T, seed uint64, opt Options, frames []frame) judged {
	t.Helper()
	byRecords := judge(opt, frames)
	opt.Sums = true
	bySums := judge(opt, frames)
	for i, d := range differences(bySums, byRecords) {
		if i == 5 {
			break
		}
		t.Errorf("seed %d: %s", seed, d)
	}
	if got, want := writtenReport(bySums.report), writtenReport(byRecords.report); got != want {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		from := max(0, i-100)
		t.Errorf("seed %d: sums with templates … %.300s …\nby records … %.300s …", seed, got[from:], want[from:])
	}
	return bySums
}

// TestOncePerTemplate proves of every check what its OncePerTemplate claims: it judges
// clean connections of various numbers once each, and once per template, and holds what
// fires on which connection against each other; the verdicts too, and what the
// connections show together.
func TestOncePerTemplate(t *testing.T) {
	var templated [conntrack.Short + 1]int
	all := 0
	for seed := range uint64(10) {
		frames := cleanCapture(seed, 4000)
		opt := Options{NoChecksums: seed%3 == 0, Checks: claiming()}
		if seed%4 == 3 {
			opt.MaxConnections = 800 // some are evicted
		}
		bySums := holdTemplates(t, seed, opt, frames)
		for kind, n := range bySums.templated {
			templated[kind] += n
		}
		all += len(bySums.all)
	}
	for kind, least := range [conntrack.NumCleanKinds]int{conntrack.LoneSYN: all / 12, conntrack.Closed: all / 18, conntrack.Open: 500, conntrack.Idle: 300, conntrack.Parted: 100} {
		if n := templated[kind]; n < least {
			t.Errorf("templates were used for %d of %d connections in kind %d, too few to prove anything", n, all, kind)
		}
	}
}

// TestCleanShows holds what package conntrack says of clean connections: that their
// segments mean and show nothing else.
func TestCleanShows(t *testing.T) {
	meanings := [conntrack.NumCleanKinds]fsm.Meaning{}
	facts := [conntrack.NumCleanKinds]flow.SegmentFacts{}
	clean := -1
	table := conntrack.NewTable(conntrack.Options{
		Clean: func(c *conntrack.CleanSummary) bool {
			if c.Key.Kind() != conntrack.Short {
				clean = int(c.Key.Kind())
			}
			return false
		},
		Ended: func(f *flow.Flow) {
			if clean < 0 {
				return
			}
			kind := conntrack.CleanKind(clean)
			clean = -1
			m, g := kind.Shows()
			meanings[kind] |= f.Meanings
			more := f.Meanings&^m != 0
			for i, word := range f.AllFacts {
				facts[kind][i] |= word
				more = more || word&^g[i] != 0
			}
			if more {
				t.Errorf("kind %d: frame %d: the segments mean %b and show %b", kind, f.First.Frame.Number(), f.Meanings, f.AllFacts)
			}
		},
	})
	decoder := decode.New(decode.Options{})
	var p decode.Packet
	for seed := range uint64(12) {
		frames := cleanCapture(seed, 1000)
		for i, f := range frames {
			raw := decode.Raw{Data: f.data, Length: len(f.data), Time: f.time, LinkType: 1, Frame: fsm.NewFrame(0, uint64(i+1))}
			if decoder.Decode(&raw, &p) != decode.OK {
				t.Fatal("a packet is not decoded")
			}
			p.Ordinal = uint64(i + 1)
			table.Add(&p)
		}
		table.Tick(frames[len(frames)-1].time, uint64(len(frames)))
	}
	table.Finish(0, 1<<63)
	for kind := range meanings {
		t.Logf("kind %d means %b and shows %b", kind, meanings[kind], facts[kind])
	}
}

// slowHandshake is a check as someone might add it, who knows nothing of templates.
func slowHandshake() *check.Check {
	return &check.Check{
		Name: "handshake-slow", Severity: record.SeverityNote,
		Judge: func(f *flow.Flow, found func(check.Finding)) {
			if f.FinalACK.Nth != 0 && f.FinalACK.Time-f.SYN.Time > 3_000_000 {
				found(check.Finding{Frames: []fsm.Frame{f.FinalACK.Frame}})
			}
		},
	}
}

// TestCheckThatSaysNothing adds a check that does not say that it may be judged once
// per template: it finds as much as with records. If it says so and should not, the
// comparison of TestOncePerTemplate names it and the connections.
func TestCheckThatSaysNothing(t *testing.T) {
	frames := cleanCapture(1, 1000)
	trial := func(claim string, gate flow.SegmentFacts, sums bool) judged {
		c := slowHandshake()
		c.OncePerTemplate, c.Facts = claim, gate
		return judge(Options{NoChecksums: true, Sums: sums, Checks: append(claiming(), c)}, frames)
	}
	count := func(j judged) (n uint64) {
		for _, a := range j.report.Summary.Anomalies {
			if a.Name == "handshake-slow" {
				n = a.Connections
			}
		}
		return n
	}
	byRecords, bySums := trial("", flow.Facts(), false), trial("", flow.Facts(), true)
	if want := count(byRecords); want < 100 || count(bySums) != want {
		t.Errorf("handshake-slow on %d connections with sums only, on %d with records", count(bySums), want)
	}
	if d := differences(bySums, byRecords); len(d) > 0 {
		t.Error(d[0])
	}
	if bySums.templated != [conntrack.Short + 1]int{} {
		t.Errorf("%d connections were judged by templates", bySums.templated)
	}
	// One that asks for what lone SYNs never show leaves these their templates.
	bySums = trial("", flow.Facts(flow.FinalACK), true)
	if d := differences(bySums, byRecords); len(d) > 0 || bySums.templated[conntrack.LoneSYN] == 0 || bySums.templated[conntrack.Closed] != 0 {
		t.Errorf("with a gate: %d connections judged by templates, differences %q", bySums.templated, d[:min(1, len(d))])
	}
	// One that asks for what no clean connection shows costs nothing at all.
	if a, b := trial("", flow.Facts(flow.Retransmission), true), trial("wrongly", flow.Facts(), true); a.templated != b.templated {
		t.Errorf("%d connections judged by templates with a check of retransmissions, %d without", a.templated, b.templated)
	}
	if d := differences(trial("wrongly", flow.Facts(), true), byRecords); len(d) == 0 {
		t.Error("a wrong claim makes no difference: the comparison is blind")
	} else {
		t.Log("a wrong claim would be told so:", d[0])
	}
}

// TestDetectorThatSaysNothing does the same with a detector that looks at the
// connections together.
func TestDetectorThatSaysNothing(t *testing.T) {
	frames := cleanCapture(3, 1000)
	trial := func(claim string, sums bool) (slow int) {
		d := aggregate.Detector{OncePerTemplate: claim, Add: func(c *record.Connection, _ bool) {
			if c.Handshake.ServerRTT > 0.003 {
				slow++
			}
		}}
		judge(Options{NoChecksums: true, Sums: sums, Checks: claiming(), Aggregates: append(aggregate.Detectors(), d)}, frames)
		return slow
	}
	want := trial("", false)
	if got := trial("", true); got != want || want < 100 {
		t.Errorf("%d slow handshakes with sums only, %d with records", got, want)
	}
	got := trial("wrongly", true)
	t.Logf("%d slow handshakes; with a wrong claim %d", want, got)
	if got == want {
		t.Error("a wrong claim makes no difference: the test is blind")
	}
}
