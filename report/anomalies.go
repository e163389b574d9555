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

// findingKey is what findings are grouped by (a doubtful capture lowers the severity
// of some of one name).
type findingKey struct {
	severity record.Severity
	name     record.CheckName
}

// findingGroup holds the occurrences of one name at one severity.
type findingGroup struct {
	findingKey
	n     int       // of them
	conns int       // connections that have one or several
	list  []finding // those to be told
	first uint64    // the lowest ID of a connection with one
	nth   int       // its place among that one's findings
}

// last returns the index of the occurrence with the highest ID.
func (g *findingGroup) last() int {
	last := 0
	for i := range g.list {
		if g.list[i].conn.ID >= g.list[last].conn.ID {
			last = i
		}
	}
	return last
}

// counted writes on how many connections there are how many.
func (g *findingGroup) counted() string {
	conns := phrase.Counted(uint64(g.conns), "connection", "connections")
	if g.conns < g.n {
		return phrase.Counted(uint64(g.n), "finding", "findings") + " on " + conns
	}
	return conns
}

func (p *page) findings(d *Digest, r *record.Report) {
	groups := d.findings()
	p.heading("Findings")
	if len(groups) == 0 {
		p.line("  none")
		return
	}
	titles := titlesOf(&r.Summary)
	for i, g := range groups {
		if i > 0 {
			p.line()
		}
		p.findingGroup(g, titles[g.name])
	}
}

func (p *page) findingGroup(g *findingGroup, title string) {
	st := severityStyle(g.severity)
	head := p.text(string(g.name) + optional(": ", title))
	if g.n > 1 {
		head += " (" + g.counted() + ")"
	}
	p.hanging(0, padRight(g.severity.String(), len("warning")+2), st, head, bold)

	shown := g.list
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
	if more := g.n - len(shown); more > 0 {
		one, many := "more connection", "more connections"
		if g.conns < g.n {
			one, many = "more", "more"
		}
		p.line("  ", p.g.ellipsis, " ", phrase.Counted(uint64(more), one, many), " (--limit 0 shows all)")
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
	if s := p.framesOf(f.a.Frames, f.a.Count); s != "" {
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
