package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

const summaryNames = 13 // cells of the summary's column of names

func (p *page) captureSummary(r *record.Report) {
	c := &r.Capture
	p.heading("Capture")
	for i := range c.Sources[:min(len(c.Sources), maxSources)] {
		p.source(c, i)
	}
	if more := len(c.Sources) - maxSources; more > 0 {
		p.field(summaryNames, "", "and "+phrase.Counted(more, "other", "others")+": --json lists them")
	}
	p.field(summaryNames, "packets", p.packets(c))
	switch {
	case c.Untimed():
		p.field(summaryNames, "time", "not recorded (pcapng simple packet blocks)")
	case c.Packets > 0:
		p.field(summaryNames, "time", p.text(moment(c.First)+" to "+p.until(c.First, c.Last)+", "+phrase.Duration(span(c.First, c.Last))))
	}
	p.tapsField(c.Taps)
	p.qualityField(c)
	p.connectionFields(&r.Summary)
	p.mptcpField(r.Summary.MPTCP)
	p.findingsField(&r.Summary)
	p.defaultsField()
	p.changedField(r.Thresholds)
	p.ignoredField(r.Ignored)
	p.acrossFields(c.Anomalies)
	for i := range c.Sources {
		if s := &c.Sources[i]; s.Cut != "" {
			name := "cut short"
			if s.Interrupted {
				name = "interrupted"
			}
			p.hanging(2, padRight(name, summaryNames), red,
				p.text(s.Name+": "+s.Cut+". The report covers what came before that point."), plain)
		}
	}
}

func (p *page) source(c *record.Capture, i int) {
	s := &c.Sources[i]
	name := ""
	if i == 0 {
		name = "source"
		if len(c.Sources) > 1 {
			name = "sources"
		}
	}
	var facts []string
	switch s.Vantage {
	case "client", "server":
		facts = append(facts, "near the "+s.Vantage)
	case "both":
		facts = append(facts, "near the client of some connections, near the server of others")
	}
	facts = append(facts, s.Format)
	facts = append(facts, s.LinkTypes...)
	facts = append(facts, phrase.Counted(s.Packets, "packet", "packets"))
	if len(s.Interfaces) > 0 {
		names, more := s.Interfaces, ""
		if len(names) > maxNames {
			names, more = names[:maxNames], " and others"
		}
		facts = append(facts, "interfaces "+strings.Join(names, ", ")+more)
	}
	if s.Received > 0 {
		facts = append(facts, phrase.Count(s.Received)+" received")
	}
	if s.Dropped > 0 {
		facts = append(facts, phrase.Count(s.Dropped)+" dropped by the capture")
	}
	if s.Unread > 0 {
		facts = append(facts, phrase.Count(s.Unread)+" left unread at the end")
	}
	label := ""
	if p.o.Multi {
		label = number(uint64(i+1)) + ": "
	}
	p.field(summaryNames, name, p.text(label+s.Name+" ("+strings.Join(facts, ", ")+")"))
	for i, comment := range s.Comments {
		if i == maxNames {
			p.field(summaryNames, "", "other comments: --json lists them")
			break
		}
		p.field(summaryNames, "", p.text("comment: "+comment))
	}
}

// maxSources is how many sources are shown.
const maxSources = 20

// maxNames is how many interfaces, and how many comments, of a source are shown.
const maxNames = 10

// packets writes the sum that must add up: packets = segments + skipped.
func (p *page) packets(c *record.Capture) string {
	if c.Packets == 0 {
		return "none"
	}
	var skipped uint64
	var why []string
	for _, s := range c.Skipped {
		skipped += s.N
		why = append(why, phrase.Count(s.N)+" "+s.Name)
	}
	text := phrase.Count(c.Packets) + " = " + phrase.Counted(c.Segments, "TCP segment", "TCP segments")
	if skipped == 0 {
		return text + ", none skipped"
	}
	return p.text(text + " + " + phrase.Count(skipped) + " skipped (" + strings.Join(why, ", ") + ")")
}

// until writes a second time, without the date when it is the first one's.
func (p *page) until(a, b fsm.Time) string {
	from, to := moment(a), moment(b)
	const date = len("2006-01-02 ")
	if from[:date] == to[:date] {
		return to[date:]
	}
	return to
}

func (p *page) qualityField(c *record.Capture) {
	q := &c.Quality
	if len(q.Faults) == 0 {
		text := "capture looks complete"
		if slices.ContainsFunc(c.Sources, func(s record.Source) bool { return s.Cut != "" }) {
			if c.Packets == 0 {
				return // of nothing there is nothing to say
			}
			text += " up to where it is cut short"
		}
		p.field(summaryNames, "quality", text)
		return
	}
	name := "quality"
	for _, f := range q.Faults {
		p.field(summaryNames, name, p.text(f))
		name = ""
	}
}

// evicted tells what was given up, and why.
func evicted(s *record.Summary) string {
	e := &s.Evictions
	text := phrase.Count(s.Evicted) + " evicted"
	if e.HalfOpen+e.Idle > 0 {
		text += " (" + phrase.Count(e.HalfOpen) + " half-open, " + phrase.Count(e.Idle) + " idle)"
	}
	text += ": more were open than "
	memory := "--memory (" + phrase.Size(e.Memory)
	if e.LimitedBy != "" {
		memory += ", " + e.LimitedBy
	}
	memory += ")"
	switch {
	case e.ForMemory == 0:
		text += "--max-connections allows"
	case e.ForMemory == s.Evicted:
		text += memory + " allows"
	default:
		text += "--max-connections and " + memory + " allow"
	}
	if e.SeenAgain > 0 {
		text += "; " + phrase.Count(e.SeenAgain) + " of them went on, " + phrase.Counted(e.Packets, "packet", "packets") + " not analysed"
	}
	if e.Forgotten > 0 {
		text += "; " + phrase.Count(e.Forgotten) + " not remembered: where one went on it counts again"
	}
	return text
}

func (p *page) connectionFields(s *record.Summary) {
	text := phrase.Count(s.Connections)
	if s.Connections > 0 {
		text += ", " + phrase.Size(s.Bytes) + " of data"
	}
	if o := &s.Open; s.Connections > 1 && o.Step > 0 && o.Most >= 1.5 {
		text += "; at most " + phrase.Count(uint64(o.Most+0.5)) + " open at a time"
	}
	if s.LeftOut > 0 {
		text += "; " + phrase.Count(s.LeftOut) + " not chosen"
	}
	if s.Evicted > 0 {
		text += "; " + evicted(s)
	}
	if n := s.Evictions.EndedForgotten; n > 0 {
		text += "; " + phrase.Count(n) + " not remembered for 2 MSL after their end: a straggler counts as another connection"
	}
	p.field(summaryNames, "connections", p.text(text))
	switch {
	case len(s.Verdicts) > 0:
		p.verdictField(s)
	case len(s.Closes) > 0:
		p.field(summaryNames, "closed", p.text(p.countList(s.Closes)))
	}
	if len(s.Client) > 0 {
		p.field(summaryNames, "final states", p.text("client: "+p.countList(s.Client)))
	}
	if len(s.Server) > 0 {
		p.field(summaryNames, "", p.text("server: "+p.countList(s.Server)))
	}
}

func (p *page) countList(counts []record.Count) string {
	var list []string
	for _, c := range counts {
		list = append(list, phrase.Count(c.N)+" "+c.Name)
	}
	return strings.Join(list, ", ")
}

func (p *page) findingsField(s *record.Summary) {
	var list []string
	for _, c := range s.Severities {
		if c.N > 0 {
			list = append(list, severityCount(c.Name, c.N))
		}
	}
	if len(list) == 0 {
		if s.Connections > 0 {
			p.field(summaryNames, "findings", "none")
		}
		return
	}
	p.field(summaryNames, "findings", p.text(strings.Join(list, ", ")))
}

// acrossFields writes what only several connections together show.
func (p *page) acrossFields(anomalies []record.Anomaly) {
	if len(anomalies) > 0 {
		p.line("  ", p.paint(dim, "across connections"))
	}
	for i := range anomalies {
		a := &anomalies[i]
		text := a.Severity.String() + ", " + string(a.Name) + ": " + a.Message
		if len(a.Connections) > 0 {
			text += " Connections " + p.connectionIDs(a.Connections) + "."
		}
		p.field(summaryNames, "", p.text(text))
	}
}

// connectionIDs writes "#3, #5, #9 …": at most eight of them.
func (p *page) connectionIDs(ids []uint64) string {
	const most = 8
	var list []string
	for i, id := range ids {
		if i == most {
			return strings.Join(list, ", ") + " " + p.g.ellipsis
		}
		list = append(list, "#"+number(id))
	}
	return strings.Join(list, ", ")
}

// severityCount writes "1 error", "3 warnings", "2 capture faults".
func severityCount(name string, n uint64) string {
	if name == record.SeverityCapture.String() {
		name = "capture fault"
	}
	return phrase.Counted(n, name, name+"s")
}
