package report

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// The first screen: what is wrong, the dearest first, and what is wrong with the capture
// itself. It fits 24 lines.

const (
	maxTold     = 10 // problems that are shown
	toldLines   = 20 // for all of them
	costCells   = 9  // the column in front, unless a cost is wider
	maxFaults   = 5  // faults of the capture that are shown
	maxSentence = 3  // lines of a sentence
)

func (p *page) problems(r *record.Report) {
	s := &r.Summary
	p.heading("Problems")
	if len(s.Problems) == 0 {
		p.noProblem(r)
	}
	shown := s.Problems[:min(len(s.Problems), maxTold)]
	lines := min(maxSentence, toldLines/max(1, len(shown))-1)
	titles := titlesOf(s)
	column := costCells
	for i := range shown {
		column = max(column, cells(p.text(problemCost(&shown[i]))))
	}
	for i := range shown {
		p.problem(&shown[i], s, titles, column, lines)
	}
	if more := len(s.Problems) - len(shown); more > 0 {
		p.hanging(2, "", plain, p.text(moreProblems(s, more)), dim)
	}
	p.captureFaults(&r.Capture, column)
}

// noProblem says that nothing is wrong, and what was looked at.
func (p *page) noProblem(r *record.Report) {
	s := &r.Summary
	if s.Connections == 0 {
		p.hanging(2, "", plain, "none: no connection was chosen", plain)
		return
	}
	unknown := uint64(0)
	for _, v := range s.Verdicts {
		if v.Concern == record.ConcernUnknown {
			unknown += v.N
		}
	}
	text := "none: no connection failed, no check warns or tells of time lost"
	switch {
	case unknown == s.Connections:
		text = "none known: the capture shows too little of its connections to tell"
	case unknown > 0:
		text += "; of " + phrase.Count(unknown) + " the capture shows too little to tell"
	}
	warned := uint64(0)
	for i := range r.Capture.Anomalies {
		if r.Capture.Anomalies[i].Severity >= record.SeverityWarning {
			warned++
		}
	}
	if warned > 0 {
		text += "; what several show together has " + phrase.Counted(warned, "warning", "warnings") + ", below"
	}
	p.hanging(2, "", plain, p.text(text), plain)
}

// titlesOf returns what the findings of a summary are called.
func titlesOf(s *record.Summary) map[record.CheckName]string {
	titles := map[record.CheckName]string{}
	for i := range s.Anomalies {
		titles[s.Anomalies[i].Name] = s.Anomalies[i].Title
	}
	return titles
}

// problemCost is what stands in front.
func problemCost(x *record.Problem) string {
	return phrase.Cost(x.Concern == record.ConcernFailure, x.Cost, x.Connections)
}

// problem writes what it cost, in a column of that many cells, what it is and where; and
// below, on so many lines, a sentence on the worst of them.
func (p *page) problem(x *record.Problem, s *record.Summary, titles map[record.CheckName]string, column, lines int) {
	st := yellow
	if x.Concern == record.ConcernFailure {
		st = red
	}
	title := verdictWords(x.Verdict)
	if x.Check != "" {
		title = titles[x.Check]
	}
	lead := "  " + padLeft(p.text(problemCost(x)), column) + "  "
	show := "#" + number(x.Worst)
	if p.o.Command != "" {
		show = "--conn " + number(x.Worst)
	}
	room := p.width - cells(lead) - cells(show) - 2
	where := p.text(problemWhere(x, s))
	if x.Connections > 1 && x.Concern != record.ConcernFailure && x.Cost > 0 {
		where += ", " + phrase.Count(x.Connections) + " connections"
	}
	what := p.text(title)
	if x.Concern == record.ConcernFailure && x.Cost > float64(x.Connections)*1.5 {
		where += ", " + phrase.Duration(x.Cost) + " lost"
	}
	text := cut(what+": "+where, room, p.g.ellipsis)
	p.line(p.paint(st, lead), p.paint(bold, text), strings.Repeat(" ", max(2, room-cells(text)+2)), p.paint(dim, show))
	if x.Message == "" {
		return
	}
	indent := cells(lead)
	wrapped := wrap(p.text(x.Message+p.usual(x, s)), p.width-indent)
	for i, l := range wrapped {
		if i == lines-1 && len(wrapped) > lines {
			p.line(strings.Repeat(" ", indent), cut(l+" "+wrapped[i+1], p.width-indent-1, "")+p.g.ellipsis)
			return
		}
		p.line(strings.Repeat(" ", indent), l)
	}
}

// usual says how long answers of the service otherwise take, for an answer that was slow.
func (p *page) usual(x *record.Problem, s *record.Summary) string {
	if x.Check != record.CheckSlowAnswer || x.Services != 1 {
		return ""
	}
	for i := range s.Services {
		if v := &s.Services[i]; v.Server == x.Server && v.Answer.N > 10 {
			return " The service's median is " + phrase.Duration(float64(v.Answer.Quantile(0.5))/1e9) + "."
		}
	}
	return ""
}

// problemWhere names the server, the host or how many there are.
func problemWhere(x *record.Problem, s *record.Summary) string {
	switch {
	case !x.Server.IP.IsValid():
		return phrase.Count(x.Services) + " services"
	case x.Services > 1 || x.Server.Port == 0 && x.WorstServer.Port != 0:
		return x.Server.IP.String() + ", " + phrase.Counted(x.Services, "port", "ports")
	}
	text := addr(x.Server)
	for i := range s.Services {
		if v := &s.Services[i]; v.Server == x.Server {
			return text + optional(" ", v.Name)
		}
	}
	return text
}

func moreProblems(s *record.Summary, more int) string {
	if len(s.Problems) >= record.MaxProblems {
		return "and more, of which --json lists " + strconv.Itoa(record.MaxProblems)
	}
	return "and " + phrase.Counted(more, "smaller one", "smaller ones") + ": --json lists them"
}

// captureFaults writes what is wrong with the capture itself, a line each: the whole
// sentences stand below.
func (p *page) captureFaults(c *record.Capture, column int) {
	var list []string
	for i := range c.Sources {
		if s := &c.Sources[i]; s.Cut != "" && !s.Interrupted {
			list = append(list, s.Name+" is cut short")
		}
	}
	for _, f := range c.Quality.Faults {
		head, _, _ := strings.Cut(f, ": ")
		head, _, _ = strings.Cut(head, " (")
		list = append(list, strings.TrimSuffix(head, "."))
	}
	for i, text := range list {
		if i == maxFaults && len(list) > maxFaults+1 {
			p.line("  ", padLeft("", column), "  ", p.paint(dim, "and "+phrase.Count(len(list)-i)+" more faults of the capture, below"))
			return
		}
		p.line("  ", p.paint(dim, padLeft("capture", column)), "  ", cut(p.text(text), p.width-column-4, p.g.ellipsis))
	}
}
