package report

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// What the common schemas of JUnit XML (Jenkins', and the Ant task's that others
// were derived from) agree on.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string `xml:"name,attr"`
	Tests      int    `xml:"tests,attr"`
	Failures   int    `xml:"failures,attr"`
	Errors     string `xml:"errors,attr"`
	Hostname   string `xml:"hostname,attr"`
	Time       string `xml:"time,attr"`
	Timestamp  string `xml:"timestamp,attr"`
	Properties []struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	} `xml:"properties>property"`
	Cases []struct {
		Class   string `xml:"classname,attr"`
		Name    string `xml:"name,attr"`
		Time    string `xml:"time,attr"`
		Failure *struct {
			Message string `xml:"message,attr"`
			Type    string `xml:"type,attr"`
			Text    string `xml:",chardata"`
		} `xml:"failure"`
		Out string `xml:"system-out"`
	} `xml:"testcase"`
}

func readJUnit(t *testing.T, r *record.Report, o Options) junitSuites {
	t.Helper()
	var b bytes.Buffer
	if err := FindFormat("junit").Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	for i, c := range b.String() {
		if c != '\n' && (!unicode.IsPrint(c) || c == '\u202e') {
			t.Fatalf("raw %U at octet %d", c, i)
		}
	}
	checkElements(t, b.Bytes())
	var s junitSuites
	d := xml.NewDecoder(&b)
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// checkElements holds each element against the children and attributes that the
// schemas know, in their order.
func checkElements(t *testing.T, text []byte) {
	t.Helper()
	children := map[string]string{
		"": " testsuites ", "testsuites": " testsuite ", "testsuite": " properties testcase ", "properties": " property ",
		"property": "", "testcase": " failure system-out ", "failure": "", "system-out": "",
	}
	attributes := map[string]string{
		"testsuites": " name tests failures errors time ", "testsuite": " name tests failures errors skipped hostname time timestamp ",
		"property": " name value ", "testcase": " classname name time ", "failure": " message type ",
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	stack := []string{""}
	for {
		tok, err := d.Token()
		if tok == nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			parent := stack[len(stack)-1]
			if !strings.Contains(children[parent], " "+tok.Name.Local+" ") {
				t.Errorf("<%s> in <%s>", tok.Name.Local, parent)
			}
			for _, a := range tok.Attr {
				if !strings.Contains(attributes[tok.Name.Local], " "+a.Name.Local+" ") {
					t.Errorf("attribute %s of <%s>", a.Name.Local, tok.Name.Local)
				}
			}
			stack = append(stack, tok.Name.Local)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

func TestJUnitRules(t *testing.T) {
	for _, o := range []Options{{}, {FailOn: record.SeverityWarning, Defaults: fixtureDefaults}, {FailOn: record.SeverityNote, Tool: Tool{Name: hostile}}, {SummaryOnly: true}} {
		s := readJUnit(t, withCaptureFinding(), o)
		tests, failures := 0, 0
		for _, suite := range s.Suites {
			failed := 0
			names := map[string]bool{}
			for _, c := range suite.Cases {
				if names[c.Name] || c.Name == "" || c.Class == "" {
					t.Errorf("%+v: case %q of %q twice, or without a name", o.FailOn, c.Name, c.Class)
				}
				names[c.Name] = true
				if v, err := strconv.ParseFloat(c.Time, 64); err != nil || v < 0 {
					t.Errorf("time %q", c.Time)
				}
				if c.Failure != nil {
					failed++
					if c.Failure.Message == "" || c.Failure.Type == "" {
						t.Errorf("%s: failure without message or type", c.Name)
					}
				}
			}
			if suite.Tests != len(suite.Cases) || suite.Failures != failed || suite.Errors != "0" || suite.Hostname == "" {
				t.Errorf("suite %s counts %d tests and %d failures, has %d and %d", suite.Name, suite.Tests, suite.Failures, len(suite.Cases), failed)
			}
			if _, err := time.Parse("2006-01-02T15:04:05", suite.Timestamp); err != nil {
				t.Error(err)
			}
			tests, failures = tests+suite.Tests, failures+failed
		}
		if s.Tests != tests || s.Failures != failures {
			t.Errorf("%d tests and %d failures in all, want %d and %d", s.Tests, s.Failures, tests, failures)
		}
	}
}

// One case a connection; findings of the severity asked for and above fail it.
func TestJUnitFailures(t *testing.T) {
	for _, test := range []struct {
		failOn record.Severity
		want   string
	}{
		{0, "2 3"}, {record.SeverityError, "2 3"}, {record.SeverityWarning, "2 3 4 5"}, {record.SeverityNote, "2 3 4 5"},
	} {
		s := readJUnit(t, fixture(), Options{FailOn: test.failOn})
		conns := s.Suites[0].Cases
		if len(conns) != 6 {
			t.Fatalf("%d cases", len(conns))
		}
		var failed []string
		for _, c := range conns {
			if c.Failure != nil {
				failed = append(failed, strings.TrimPrefix(strings.Fields(c.Name)[0], "#"))
			}
		}
		if got := strings.Join(failed, " "); got != test.want {
			t.Errorf("%v: failed %s, want %s", test.failOn, got, test.want)
		}
	}
	s := readJUnit(t, fixture(), Options{})
	c := s.Suites[0].Cases[1]
	if c.Failure.Type != "synack-bad-ack" && c.Failure.Type != "syn-retransmission" || !strings.Contains(c.Failure.Text, "RFC 9293 §3.10.7.3") || !strings.Contains(c.Out, "verdict handshake-bad-number: The handshake") {
		t.Errorf("%+v %q", c.Failure, c.Out)
	}
	if len(s.Suites) != 2 || s.Suites[1].Cases[0].Failure == nil || !strings.Contains(s.Suites[1].Cases[0].Failure.Message, "cut short") {
		t.Errorf("a source that was cut must fail: %+v", s.Suites[1:])
	}
}
