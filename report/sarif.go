package report

import (
	"io"
	"net/url"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sarifLog writes the findings as a SARIF 2.1.0 log, as code-scanning services read
// it: one rule for each check of Options.Checks, or for each that found
// something when that is empty, and one result for each finding. A result's
// location is the capture file; the frames are among its properties, as there
// is no line to point to.
func sarifLog(w io.Writer, r *record.Report, o Options) error {
	s := sarif{r: r, checks: sarifRules(r, o.Checks), index: map[record.CheckName]int{}}
	s.files = o.forReport(r).Multi
	for i := range s.checks {
		s.index[s.checks[i].Name] = i
	}
	s.open('{')
	s.keyLiteral(`"$schema":`, "https://json.schemastore.org/sarif-2.1.0.json")
	s.keyLiteral(`"version":`, "2.1.0")
	s.array(`"runs":`)
	s.open('{')
	s.driver(o.Tool)
	s.invocation()
	s.artifacts()
	s.array(`"results":`)
	for i := range r.Capture.Anomalies {
		s.result(nil, &r.Capture.Anomalies[i])
	}
	if !o.SummaryOnly {
		for _, c := range r.Connections {
			for i := range c.Anomalies {
				s.result(c, &c.Anomalies[i])
			}
			if err := s.passOn(w); err != nil {
				return err
			}
		}
	}
	s.endArray()
	s.endObject()
	s.endArray()
	s.finish()
	_, err := w.Write(s.buf)
	return err
}

type sarif struct {
	encoder
	r      *record.Report
	checks []record.CheckDoc
	index  map[record.CheckName]int // place of a rule by its id
}

// sarifRules returns the catalogue, completed with what was found and is not in it.
func sarifRules(r *record.Report, catalogue []record.CheckDoc) []record.CheckDoc {
	rules := append([]record.CheckDoc(nil), catalogue...)
	known := map[record.CheckName]bool{}
	for i := range rules {
		known[rules[i].Name] = true
	}
	add := func(a *record.Anomaly) {
		if !known[a.Name] {
			known[a.Name] = true
			rules = append(rules, record.CheckDoc{Name: a.Name, Title: string(a.Name), Severity: a.Severity, Rule: a.Rule, Benign: a.Benign})
		}
	}
	for i := range r.Capture.Anomalies {
		add(&r.Capture.Anomalies[i])
	}
	for _, c := range r.Connections {
		for i := range c.Anomalies {
			add(&c.Anomalies[i])
		}
	}
	for i := range r.Summary.Anomalies {
		for k := range rules {
			if s := &r.Summary.Anomalies[i]; rules[k].Name == s.Name && rules[k].Title == string(s.Name) && s.Title != "" {
				rules[k].Title = s.Title
			}
		}
	}
	return rules
}

// sarifLevels are the levels for the severities; a fault of the capture is worth
// a note.
var sarifLevels = [...]string{
	record.SeverityCapture: "note",
	record.SeverityNote:    "note",
	record.SeverityWarning: "warning",
	record.SeverityError:   "error",
}

func (s *sarif) text(k, text string) {
	s.object(k)
	s.keyStr(`"text":`, text)
	s.endObject()
}

func (s *sarif) driver(t Tool) {
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
	for i := range s.checks {
		c := &s.checks[i]
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

// sentence makes a title the sentence that SARIF wants.
func sentence(title string) string {
	if title == "" {
		return "No description."
	}
	return strings.ToUpper(title[:1]) + title[1:] + "."
}

// invocation tells whether the input could be read whole.
func (s *sarif) invocation() {
	cut := false
	for i := range s.r.Capture.Sources {
		cut = cut || s.r.Capture.Sources[i].Cut != ""
	}
	s.array(`"invocations":`)
	s.open('{')
	s.keyBool(`"executionSuccessful":`, !cut)
	if cut {
		s.array(`"toolExecutionNotifications":`)
		for i := range s.r.Capture.Sources {
			if src := &s.r.Capture.Sources[i]; src.Cut != "" {
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

func (s *sarif) artifacts() {
	s.array(`"artifacts":`)
	for i := range s.r.Capture.Sources {
		s.open('{')
		s.object(`"location":`)
		s.keyStr(`"uri":`, fileURI(s.r.Capture.Sources[i].Name))
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

func (s *sarif) result(c *record.Connection, a *record.Anomaly) {
	s.open('{')
	s.keyStr(`"ruleId":`, string(a.Name))
	s.keyInt(`"ruleIndex":`, s.index[a.Name])
	s.keyLiteral(`"level":`, sarifLevels[a.Severity&3])
	text := a.Message
	if text == "" {
		text = sentence(s.checks[s.index[a.Name]].Title)
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
func (s *sarif) location(c *record.Connection, a *record.Anomaly) {
	var at fsm.Frame
	switch {
	case len(a.Frames) > 0:
		at = a.Frames[0]
	case c != nil:
		at = c.FirstFrame
	}
	s.array(`"locations":`)
	if file := at.File(); file < len(s.r.Capture.Sources) {
		s.open('{')
		s.object(`"physicalLocation":`)
		s.object(`"artifactLocation":`)
		s.keyStr(`"uri":`, fileURI(s.r.Capture.Sources[file].Name))
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
