package report

import (
	"io"
	"net/url"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sarifLog writes the findings as a SARIF 2.1.0 log, as code-scanning services read
// it: one rule for each check of Options.Checks, and for each other one that found
// something, and one result for each finding, as it comes. A result's location is the
// capture file; the frames are among its properties, as there is no line to point to.
type sarifLog struct {
	encoder
	w     io.Writer
	o     Options
	begun bool
	rules []record.CheckDoc
	index map[record.CheckName]int // place of a rule by its id
}

func newSARIF(w io.Writer, o Options) Writer {
	o = o.forSources()
	s := &sarifLog{w: w, o: o, index: map[record.CheckName]int{}}
	s.files = o.Multi
	for i := range o.Checks {
		s.index[o.Checks[i].Name] = i
	}
	s.rules = append(s.rules, o.Checks...)
	return s
}

func (s *sarifLog) begin() {
	if s.begun {
		return
	}
	s.begun = true
	s.open('{')
	s.keyLiteral(`"$schema":`, "https://json.schemastore.org/sarif-2.1.0.json")
	s.keyLiteral(`"version":`, "2.1.0")
	s.array(`"runs":`)
	s.open('{')
	s.array(`"results":`)
}

// Connection writes the connection's findings.
func (s *sarifLog) Connection(c *record.Connection) error {
	if s.o.SummaryOnly || len(c.Anomalies) == 0 {
		return nil
	}
	s.begin()
	for i := range c.Anomalies {
		s.result(c, &c.Anomalies[i])
	}
	return s.passOn(s.w)
}

// Finish writes the findings of the report's connections, those on the capture as a
// whole, and what they are about.
func (s *sarifLog) Finish(r *record.Report) error {
	s.begin()
	for _, c := range r.Connections {
		if err := s.Connection(c); err != nil {
			return err
		}
	}
	for i := range r.Capture.Anomalies {
		s.result(nil, &r.Capture.Anomalies[i])
	}
	s.endArray()
	s.driver(r)
	s.invocation(r)
	s.artifacts(r)
	s.endObject()
	s.endArray()
	s.finish()
	_, err := s.w.Write(s.buf)
	return err
}

// rule returns the place of the finding's rule, which is added if there is none.
func (s *sarifLog) rule(a *record.Anomaly) int {
	i, known := s.index[a.Name]
	if !known {
		i = len(s.rules)
		s.index[a.Name] = i
		s.rules = append(s.rules, record.CheckDoc{Name: a.Name, Title: string(a.Name), Severity: a.Severity, Rule: a.Rule, Benign: a.Benign})
	}
	return i
}

// sarifLevels are the levels for the severities; a fault of the capture is worth
// a note.
var sarifLevels = [...]string{
	record.SeverityCapture: "note",
	record.SeverityNote:    "note",
	record.SeverityWarning: "warning",
	record.SeverityError:   "error",
}

func (s *sarifLog) text(k, text string) {
	s.object(k)
	s.keyStr(`"text":`, text)
	s.endObject()
}

func (s *sarifLog) driver(r *record.Report) {
	t := s.o.Tool
	if t.Name == "" {
		t.Name = "tcpflow-states"
	}
	s.object(`"tool":`)
	s.object(`"driver":`)
	s.keyStr(`"name":`, t.Name)
	if t.Version != "" {
		s.keyStr(`"version":`, t.Version)
	}
	s.array(`"rules":`)
	for i := range s.rules {
		c := &s.rules[i]
		if n := summarized(&r.Summary, c.Name); c.Title == string(c.Name) && n != nil && n.Title != "" {
			c.Title = n.Title // of a rule that the catalogue does not have
		}
		s.open('{')
		s.keyStr(`"id":`, string(c.Name))
		s.text(`"shortDescription":`, sentence(c.Title))
		if c.Condition != "" {
			s.text(`"fullDescription":`, c.Condition)
		}
		if len(c.Benign) > 0 {
			s.text(`"help":`, "Could also be: "+strings.Join(c.Benign, "; ")+".")
		}
		s.object(`"defaultConfiguration":`)
		s.keyLiteral(`"level":`, sarifLevels[c.Severity&3])
		s.endObject()
		s.object(`"properties":`)
		s.keyLiteral(`"severity":`, c.Severity.String())
		for _, p := range [...]struct{ key, value string }{{`"family":`, c.Family}, {`"rule":`, c.Rule}, {`"displayFilter":`, c.Filter}} {
			if p.value != "" {
				s.keyStr(p.key, p.value)
			}
		}
		s.endObject()
		s.endObject()
	}
	s.endArray()
	s.endObject()
	s.endObject()
}

// summarized returns what the summary counts of a check, or nil.
func summarized(s *record.Summary, name record.CheckName) *record.AnomalyCount {
	for i := range s.Anomalies {
		if s.Anomalies[i].Name == name {
			return &s.Anomalies[i]
		}
	}
	return nil
}

// sentence makes a title the sentence that SARIF wants.
func sentence(title string) string {
	if title == "" {
		return "No description."
	}
	return strings.ToUpper(title[:1]) + title[1:] + "."
}

// invocation tells whether the input could be read whole.
func (s *sarifLog) invocation(r *record.Report) {
	cut := false
	for i := range r.Capture.Sources {
		cut = cut || r.Capture.Sources[i].Cut != ""
	}
	s.array(`"invocations":`)
	s.open('{')
	s.keyBool(`"executionSuccessful":`, !cut)
	if text := s.o.defaultsText(); text != "" {
		s.object(`"properties":`)
		s.keyStr(`"defaults":`, text)
		s.endObject()
	}
	if cut {
		s.array(`"toolExecutionNotifications":`)
		for i := range r.Capture.Sources {
			if src := &r.Capture.Sources[i]; src.Cut != "" {
				s.open('{')
				s.keyLiteral(`"level":`, "error")
				what := "Cut short: "
				if src.Interrupted {
					what = "Interrupted: "
				}
				s.text(`"message":`, what+src.Name+": "+src.Cut)
				s.endObject()
			}
		}
		s.endArray()
	}
	s.endObject()
	s.endArray()
}

func (s *sarifLog) artifacts(r *record.Report) {
	s.array(`"artifacts":`)
	for i := range r.Capture.Sources {
		s.open('{')
		s.object(`"location":`)
		s.keyStr(`"uri":`, fileURI(r.Capture.Sources[i].Name))
		s.endObject()
		s.array(`"roles":`)
		s.literal("analysisTarget")
		s.endArray()
		s.endObject()
	}
	s.endArray()
}

// fileURI writes a file's name as a URI reference: what is not allowed there is
// percent-encoded, octets that are no UTF-8 included.
func fileURI(name string) string {
	if name == "" {
		return "unnamed"
	}
	u := url.URL{Path: name}
	if strings.HasPrefix(name, "/") {
		u.Scheme = "file"
	}
	return u.String()
}

func (s *sarifLog) result(c *record.Connection, a *record.Anomaly) {
	s.open('{')
	s.keyStr(`"ruleId":`, string(a.Name))
	rule := s.rule(a)
	s.keyInt(`"ruleIndex":`, rule)
	s.keyLiteral(`"level":`, sarifLevels[a.Severity&3])
	text := a.Message
	if text == "" {
		text = sentence(s.rules[rule].Title)
	}
	s.text(`"message":`, text)
	s.location(c, a)
	if c != nil {
		s.object(`"partialFingerprints":`)
		s.keyStr(`"finding/v1":`, string(a.Name)+" "+addr(c.Client)+" "+addr(c.Server)+" "+number(uint64(c.Incarnation))+optional(" ", a.Side))
		s.endObject()
	}
	s.object(`"properties":`)
	s.keyLiteral(`"severity":`, a.Severity.String())
	s.frameList(a.Frames)
	s.keyUint(`"count":`, a.Count)
	for _, p := range [...]struct{ key, value string }{
		{`"endpoint":`, a.Side}, {`"seen":`, a.Seen}, {`"expected":`, a.Expected}, {`"rule":`, a.Rule}, {`"doubt":`, a.Doubt},
	} {
		if p.value != "" {
			s.keyStr(p.key, p.value)
		}
	}
	s.keyStrings(`"benign":`, a.Benign)
	if c != nil {
		s.keyUint(`"connection":`, c.ID)
		if c.Verdict.Code != "" {
			s.keyStr(`"verdict":`, c.Verdict.Sentence)
		}
	} else {
		s.keyUints(`"connections":`, a.Connections)
	}
	s.endObject()
	s.endObject()
}

// location points to the capture file, and names the connection and the first
// frame.
func (s *sarifLog) location(c *record.Connection, a *record.Anomaly) {
	var at fsm.Frame
	switch {
	case len(a.Frames) > 0:
		at = a.Frames[0]
	case c != nil:
		at = c.FirstFrame
	}
	s.array(`"locations":`)
	if file := at.File(); file < len(s.o.Sources) {
		s.open('{')
		s.object(`"physicalLocation":`)
		s.object(`"artifactLocation":`)
		s.keyStr(`"uri":`, fileURI(s.o.Sources[file]))
		s.keyInt(`"index":`, file)
		s.endObject()
		s.endObject()
		if c != nil {
			s.array(`"logicalLocations":`)
			s.open('{')
			s.keyStr(`"fullyQualifiedName":`, addr(c.Client)+" > "+addr(c.Server)+" #"+number(c.ID))
			s.keyLiteral(`"kind":`, "connection")
			s.endObject()
			s.endArray()
		}
		if at != 0 {
			s.object(`"properties":`)
			s.keyUint(`"frame":`, at.Number())
			s.endObject()
		}
		s.endObject()
	}
	s.endArray()
}
