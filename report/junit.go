package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// junitXML writes the report as JUnit XML, as build servers read it: one test case
// for each connection, failed by its verdict, or by findings of Options.FailOn and above. What the
// capture as a whole shows, and a source that was cut short, make a second suite.
//
// A suite says how many cases it has before it lists them, so connections are gathered
// until there are suiteCases of them, or no more come. Only where one suite has them all
// can the root say how many there are.
type junitXML struct {
	w     io.Writer
	o     Options
	least record.Severity // from which on a finding is a failure
	b     bytes.Buffer    // what is to be written
	begun bool            // the root's tag was written
	suite caseSuite       // the connections gathered
}

// caseSuite is the cases of a suite, written but not passed on.
type caseSuite struct {
	tests, failed int
	cases         bytes.Buffer
	first, last   fsm.Time
}

// suiteCases is how many connections a suite has at most.
const suiteCases = 10_000

func newJUnit(w io.Writer, o Options) Writer {
	j := &junitXML{w: w, o: o.forSources(), least: o.FailOn}
	if j.least == record.SeverityCapture {
		j.least = record.SeverityError
	}
	return j
}

// Connection takes the case of a connection.
func (j *junitXML) Connection(c *record.Connection) error {
	if j.o.SummaryOnly {
		return nil
	}
	s := &j.suite
	if s.tests == suiteCases {
		if err := j.passOn(); err != nil {
			return err
		}
	}
	if s.tests == 0 {
		s.first, s.last = c.First, c.Last
	}
	s.first, s.last = min(s.first, c.First), max(s.last, c.Last)
	s.add(j.ofConnection(c))
	return nil
}

// passOn writes the connections gathered, of which there are more.
func (j *junitXML) passOn() error {
	j.begin("")
	j.writeSuite("connections", &j.suite)
	_, err := j.b.WriteTo(j.w)
	return err
}

// begin writes what comes before the first suite.
func (j *junitXML) begin(counts string) {
	if j.begun {
		return
	}
	j.begun = true
	name := j.o.Tool.Name
	if name == "" {
		name = "tcpflow-states"
	}
	j.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<testsuites")
	xmlAttr(&j.b, "name", name)
	j.b.WriteString(counts + ">\n")
}

// Finish writes the report's connections and what is said of the capture.
func (j *junitXML) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		if err := j.Connection(c); err != nil {
			return err
		}
	}
	if j.suite.tests == 0 {
		j.suite.first, j.suite.last = r.Capture.First, r.Capture.Last
	}
	whole := caseSuite{first: r.Capture.First, last: r.Capture.Last}
	for _, c := range j.captureCases(r) {
		whole.add(c)
	}
	var counts bytes.Buffer
	xmlAttr(&counts, "tests", strconv.Itoa(j.suite.tests+whole.tests))
	xmlAttr(&counts, "failures", strconv.Itoa(j.suite.failed+whole.failed))
	xmlAttr(&counts, "errors", "0")
	xmlAttr(&counts, "time", seconds(span(r.Capture.First, r.Capture.Last)))
	j.begin(counts.String())
	j.writeSuite("connections", &j.suite)
	if whole.tests > 0 {
		j.writeSuite("capture", &whole)
	}
	j.b.WriteString("</testsuites>\n")
	_, err := j.b.WriteTo(j.w)
	return err
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

// xmlText writes text from elsewhere: first made safe for a terminal, as such files
// are printed, then for XML.
func xmlText(b *bytes.Buffer, s string) {
	xml.EscapeText(b, []byte(escape(s))) // a Buffer has no errors
}

func xmlAttr(b *bytes.Buffer, name, value string) {
	b.WriteString(" " + name + `="`)
	xmlText(b, value)
	b.WriteByte('"')
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }

// writeSuite writes a suite, and empties it.
func (j *junitXML) writeSuite(name string, s *caseSuite) {
	b := &j.b
	b.WriteString("  <testsuite")
	xmlAttr(b, "name", name)
	xmlAttr(b, "tests", strconv.Itoa(s.tests))
	xmlAttr(b, "failures", strconv.Itoa(s.failed))
	xmlAttr(b, "errors", "0")
	xmlAttr(b, "skipped", "0")
	xmlAttr(b, "hostname", "localhost")
	xmlAttr(b, "time", seconds(span(s.first, s.last)))
	xmlAttr(b, "timestamp", goTime(s.first).UTC().Format("2006-01-02T15:04:05"))
	b.WriteString(">\n    <properties>\n")
	for i, source := range j.o.Sources {
		b.WriteString("      <property")
		xmlAttr(b, "name", "source "+strconv.Itoa(i+1))
		xmlAttr(b, "value", source)
		b.WriteString("/>\n")
	}
	if text := j.o.defaultsText(); text != "" {
		b.WriteString("      <property")
		xmlAttr(b, "name", "defaults")
		xmlAttr(b, "value", text)
		b.WriteString("/>\n")
	}
	b.WriteString("      <property")
	xmlAttr(b, "name", "fail-on")
	xmlAttr(b, "value", j.least.String())
	b.WriteString("/>\n    </properties>\n")
	s.cases.WriteTo(b)
	b.WriteString("  </testsuite>\n")
	s.tests, s.failed = 0, 0
}

// failing returns the findings that fail a case.
func (j *junitXML) failing(list []record.Anomaly) []*record.Anomaly {
	var out []*record.Anomaly
	for i := range list {
		if list[i].Severity >= j.least {
			out = append(out, &list[i])
		}
	}
	return out
}

func (j *junitXML) ofConnection(c *record.Connection) junitCase {
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
	list := j.failing(c.Anomalies)
	switch {
	case len(list) > 0:
		k.kind = string(list[0].Name)
		k.failure = optionalOr(list[0].Message, k.kind)
		for _, a := range list {
			k.details = append(k.details, j.finding(a))
		}
	case c.Verdict.Concern() == record.ConcernFailure:
		k.kind = string(c.Verdict.Code)
		k.failure = optionalOr(c.Verdict.Sentence, k.kind)
	}
	return k
}

// captureCases returns a case for each source that was cut and each finding on
// the capture as a whole.
func (j *junitXML) captureCases(r *record.Report) []junitCase {
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
func (j *junitXML) finding(a *record.Anomaly) string {
	text := a.Severity.String() + " " + findingSentence(a)
	if len(a.Frames) > 0 {
		p := page{o: j.o, g: unicodeGlyphs}
		text += " (" + p.framesOf(a.Frames, a.Count) + ")"
	}
	if a.Rule != "" {
		text += " [" + a.Rule + "]"
	}
	return text
}

// add adds a case.
func (s *caseSuite) add(k junitCase) {
	s.tests++
	b := &s.cases
	b.WriteString("    <testcase")
	xmlAttr(b, "classname", k.class)
	xmlAttr(b, "name", k.name)
	xmlAttr(b, "time", seconds(k.time))
	if k.failure == "" && len(k.out) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">\n")
	if k.failure != "" {
		s.failed++
		b.WriteString("      <failure")
		xmlAttr(b, "message", k.failure)
		xmlAttr(b, "type", k.kind)
		b.WriteString(">")
		xmlLines(b, k.details)
		b.WriteString("</failure>\n")
	}
	if len(k.out) > 0 {
		b.WriteString("      <system-out>")
		xmlLines(b, k.out)
		b.WriteString("</system-out>\n")
	}
	b.WriteString("    </testcase>\n")
}

// xmlLines writes lines of text.
func xmlLines(b *bytes.Buffer, list []string) {
	for i, l := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		xmlText(b, l)
	}
}

func optionalOr(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return otherwise
	}
	return s
}
