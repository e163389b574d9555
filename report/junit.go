package report

import (
	"bufio"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// junitXML writes the report as JUnit XML, as build servers read it: one test case
// for each connection, failed by findings of Options.FailOn and above. What the
// capture as a whole shows, and a source that was cut short, make a second suite.
func junitXML(w io.Writer, r *record.Report, o Options) error {
	o = o.forReport(r)
	j := junit{w: bufio.NewWriter(w), o: o, least: o.FailOn}
	if j.least == record.SeverityCapture {
		j.least = record.SeverityError
	}
	conns := r.Connections
	if o.SummaryOnly {
		conns = nil
	}
	failed := 0
	for _, c := range conns {
		if len(j.failing(c.Anomalies)) > 0 {
			failed++
		}
	}
	whole := j.captureCases(r)
	wholeFailed := 0
	for _, c := range whole {
		if c.failure != "" {
			wholeFailed++
		}
	}
	name := o.Tool.Name
	if name == "" {
		name = "tcpflow-states"
	}
	j.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<testsuites")
	j.attr("name", name)
	j.attr("tests", strconv.Itoa(len(conns)+len(whole)))
	j.attr("failures", strconv.Itoa(failed+wholeFailed))
	j.attr("errors", "0")
	j.attr("time", seconds(span(r.Capture.First, r.Capture.Last)))
	j.raw(">\n")
	j.suite("connections", r, len(conns), failed)
	for _, c := range conns {
		j.testCase(j.ofConnection(c))
	}
	j.raw("  </testsuite>\n")
	if len(whole) > 0 {
		j.suite("capture", r, len(whole), wholeFailed)
		for _, c := range whole {
			j.testCase(c)
		}
		j.raw("  </testsuite>\n")
	}
	j.raw("</testsuites>\n")
	return j.w.Flush() // bufio keeps the first error
}

type junit struct {
	w     *bufio.Writer
	o     Options
	least record.Severity // from which on a finding is a failure
}

// junitCase is one test case.
type junitCase struct {
	class, name string
	time        float64
	failure     string // message; empty when it passed
	kind        string // the failure's type
	details     []string
	out         []string
}

// raw writes markup of ours.
func (j *junit) raw(s string) { j.w.WriteString(s) }

// text writes text from elsewhere: first made safe for a terminal, as such files
// are printed, then for XML.
func (j *junit) text(s string) {
	xml.EscapeText(j.w, []byte(escape(s))) // the writer's error is kept by bufio
}

func (j *junit) attr(name, value string) {
	j.raw(" " + name + `="`)
	j.text(value)
	j.raw(`"`)
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }

func (j *junit) suite(name string, r *record.Report, tests, failed int) {
	j.raw("  <testsuite")
	j.attr("name", name)
	j.attr("tests", strconv.Itoa(tests))
	j.attr("failures", strconv.Itoa(failed))
	j.attr("errors", "0")
	j.attr("skipped", "0")
	j.attr("hostname", "localhost")
	j.attr("time", seconds(span(r.Capture.First, r.Capture.Last)))
	j.attr("timestamp", goTime(r.Capture.First).UTC().Format("2006-01-02T15:04:05"))
	j.raw(">\n")
	j.raw("    <properties>\n")
	for i := range r.Capture.Sources {
		j.raw("      <property")
		j.attr("name", "source "+strconv.Itoa(i+1))
		j.attr("value", r.Capture.Sources[i].Name)
		j.raw("/>\n")
	}
	j.raw("      <property")
	j.attr("name", "fail-on")
	j.attr("value", j.least.String())
	j.raw("/>\n    </properties>\n")
}

// failing returns the findings that fail a case.
func (j *junit) failing(list []record.Anomaly) []*record.Anomaly {
	var out []*record.Anomaly
	for i := range list {
		if list[i].Severity >= j.least {
			out = append(out, &list[i])
		}
	}
	return out
}

func (j *junit) ofConnection(c *record.Connection) junitCase {
	k := junitCase{
		class: "connection." + optionalOr(c.Service, "tcp"), time: span(c.First, c.Last),
		name: "#" + number(c.ID) + " " + addr(c.Client) + " > " + addr(c.Server),
	}
	if c.Verdict.Code != "" {
		k.out = append(k.out, "verdict "+string(c.Verdict.Code)+": "+c.Verdict.Sentence)
		for i := range c.Verdict.Limits {
			k.out = append(k.out, string(c.Verdict.Limits[i].Code)+": "+c.Verdict.Limits[i].Sentence)
		}
	}
	k.out = append(k.out, "states: client "+state(c.State[fsm.Client])+", server "+state(c.State[fsm.Server]))
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; a.Severity < j.least {
			k.out = append(k.out, j.finding(a))
		}
	}
	if list := j.failing(c.Anomalies); len(list) > 0 {
		k.kind = string(list[0].Name)
		k.failure = optionalOr(list[0].Message, k.kind)
		for _, a := range list {
			k.details = append(k.details, j.finding(a))
		}
	}
	return k
}

// captureCases returns a case for each source that was cut and each finding on
// the capture as a whole.
func (j *junit) captureCases(r *record.Report) []junitCase {
	var list []junitCase
	for i := range r.Capture.Sources {
		if s := &r.Capture.Sources[i]; s.Cut != "" {
			k := junitCase{class: "capture", name: "source " + strconv.Itoa(i+1) + " " + s.Name, failure: "cut short: " + s.Cut, kind: "cut-short"}
			if s.Interrupted {
				k.failure, k.kind = s.Cut, "interrupted"
			}
			list = append(list, k)
		}
	}
	for i := range r.Capture.Anomalies {
		a := &r.Capture.Anomalies[i]
		k := junitCase{class: "capture", name: string(a.Name) + " " + strconv.Itoa(i+1)}
		if a.Severity >= j.least {
			k.failure, k.kind, k.details = optionalOr(a.Message, string(a.Name)), string(a.Name), []string{j.finding(a)}
		} else {
			k.out = []string{j.finding(a)}
		}
		list = append(list, k)
	}
	return list
}

// finding writes a finding as one line.
func (j *junit) finding(a *record.Anomaly) string {
	text := a.Severity.String() + " " + findingSentence(a)
	if len(a.Frames) > 0 {
		p := page{o: j.o, g: unicodeGlyphs}
		text += " (" + p.frames(a.Frames) + ")"
	}
	if a.Rule != "" {
		text += " [" + a.Rule + "]"
	}
	return text
}

func (j *junit) testCase(k junitCase) {
	j.raw("    <testcase")
	j.attr("classname", k.class)
	j.attr("name", k.name)
	j.attr("time", seconds(k.time))
	if k.failure == "" && len(k.out) == 0 {
		j.raw("/>\n")
		return
	}
	j.raw(">\n")
	if k.failure != "" {
		j.raw("      <failure")
		j.attr("message", k.failure)
		j.attr("type", k.kind)
		j.raw(">")
		j.lines(k.details)
		j.raw("</failure>\n")
	}
	if len(k.out) > 0 {
		j.raw("      <system-out>")
		j.lines(k.out)
		j.raw("</system-out>\n")
	}
	j.raw("    </testcase>\n")
}

// lines writes lines of text.
func (j *junit) lines(lines []string) {
	for i, l := range lines {
		if i > 0 {
			j.raw("\n")
		}
		j.text(l)
	}
}

func optionalOr(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return otherwise
	}
	return s
}
