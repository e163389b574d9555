package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// examplesPerFinding is how many occurrences of one finding are told in full
// while a limit is set.
const examplesPerFinding = 5

// finding is one anomaly with the connection that it belongs to.
type finding struct {
	conn *record.Connection
	a    *record.Anomaly
}

// findingGroup holds the occurrences of one name at one severity (a doubtful
// capture lowers the severity of some).
type findingGroup struct {
	name     record.CheckName
	severity record.Severity
	list     []finding
}

func (p *page) findings(r *record.Report) {
	groups := groupFindings(r.Connections)
	p.heading("Findings")
	if len(groups) == 0 {
		p.line("  none")
		return
	}
	titles := map[record.CheckName]string{}
	for i := range r.Summary.Anomalies {
		titles[r.Summary.Anomalies[i].Name] = r.Summary.Anomalies[i].Title
	}
	for i := range groups {
		if i > 0 {
			p.line()
		}
		p.findingGroup(&groups[i], titles[groups[i].name])
	}
}

// groupFindings gathers anomalies by severity, the worst first, and name, in
// the order of their first connection.
func groupFindings(conns []*record.Connection) []findingGroup {
	type key struct {
		severity record.Severity
		name     record.CheckName
	}
	var groups []findingGroup
	at := map[key]int{}
	for _, c := range conns {
		for i := range c.Anomalies {
			a := &c.Anomalies[i]
			k := key{a.Severity, a.Name}
			n, ok := at[k]
			if !ok {
				n = len(groups)
				at[k] = n
				groups = append(groups, findingGroup{name: a.Name, severity: a.Severity})
			}
			groups[n].list = append(groups[n].list, finding{c, a})
		}
	}
	slices.SortStableFunc(groups, func(a, b findingGroup) int { return int(b.severity) - int(a.severity) })
	return groups
}

func (p *page) findingGroup(g *findingGroup, title string) {
	st := severityStyle(g.severity)
	head := p.text(string(g.name) + optional(": ", title))
	if n := len(g.list); n > 1 {
		head += " (" + phrase.Counted(uint64(n), "connection", "connections") + ")"
	}
	p.hanging(0, padRight(g.severity.String(), len("warning")+2), st, head, bold)

	shown := g.list
	if p.o.Limit > 0 && !p.o.Full {
		shown = shown[:min(len(shown), examplesPerFinding, p.o.Limit)]
	}
	rule, sameRule := g.list[0].a.Rule, true
	benign, sameBenign := g.list[0].a.Benign, true
	for _, f := range shown {
		sameRule = sameRule && f.a.Rule == rule
		sameBenign = sameBenign && slices.Equal(f.a.Benign, benign)
	}
	for _, f := range shown {
		p.finding(f)
		if !sameRule {
			p.findingField("rule", f.a.Rule)
		}
		if !sameBenign {
			p.findingField("could also be", strings.Join(f.a.Benign, "; "))
		}
	}
	if more := len(g.list) - len(shown); more > 0 {
		p.line("  ", p.g.ellipsis, " ", phrase.Counted(uint64(more), "more connection", "more connections"), " (--limit 0 shows all)")
	}
	if sameRule {
		p.findingField("rule", rule)
	}
	if sameBenign {
		p.findingField("could also be", strings.Join(benign, "; "))
	}
}

const findingNames = 15 // cells of the names below a finding

func (p *page) finding(f finding) {
	where := []string{p.ends(f.conn)}
	if f.a.Side != "" {
		where = append(where, "by the "+f.a.Side)
	}
	if s := p.frames(f.a.Frames); s != "" {
		where = append(where, s)
	}
	if f.a.Count > 1 {
		where = append(where, phrase.Counted(f.a.Count, "time", "times"))
	}
	p.hanging(2, "#"+number(f.conn.ID)+" ", plain, p.text(strings.Join(where, ", ")), plain)
	if f.a.Message != "" {
		p.hanging(4, "", plain, p.text(f.a.Message), plain)
	}
	p.findingField("seen", f.a.Seen)
	p.findingField("expected", f.a.Expected)
	p.findingField("doubtful", f.a.Doubt)
}

func (p *page) findingField(name, value string) {
	if value == "" {
		return
	}
	p.hanging(4, padRight(name, findingNames), dim, p.text(value), plain)
}
