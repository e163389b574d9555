package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// withCaptureFinding is the fixture with a finding on the capture as a whole.
func withCaptureFinding() *record.Report {
	r := fixture()
	r.Capture.Anomalies = []record.Anomaly{{
		Name: record.CheckPortScan, Severity: record.SeverityWarning, Count: 12, Connections: []uint64{2, 5},
		Message: "One host tried 12 ports of another.", Frames: []fsm.Frame{fsm.NewFrame(0, 410)},
	}}
	return r
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-subset.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFFollowsTheStandard(t *testing.T) {
	schema := sarifSchema(t)
	catalogue := []record.CheckDoc{
		{Name: record.CheckKeepaliveDeadPeer, Title: "peer dead by keepalive", Severity: record.SeverityError, Family: "keepalive", Rule: "RFC 9293 §3.8.4", Condition: "No answer.", Benign: []string{"a lossy capture"}, Filter: "tcp.analysis.keep_alive"},
		{Name: "never-found", Title: "never found", Severity: record.SeverityNote, Family: "x"},
	}
	for _, test := range []struct {
		name   string
		report *record.Report
		o      Options
	}{
		{"fixture", withCaptureFinding(), Options{Tool: Tool{"tcpflow-states", "1.2.3"}, Checks: catalogue}},
		{"no catalogue, no tool", withCaptureFinding(), Options{}},
		{"summary only", withCaptureFinding(), Options{SummaryOnly: true}},
		{"nothing", &record.Report{}, Options{Defaults: fixtureDefaults}},
	} {
		var b bytes.Buffer
		if err := FindFormat("sarif").Write(&b, test.report, test.o); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(b.String(), func(r rune) bool {
			return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2028')
		}); i >= 0 {
			t.Errorf("%s: raw control character at %d", test.name, i)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatalf("%s: %v\n%s", test.name, err, b.Bytes())
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Every result names its rule by id and by place, and its file by name and place.
func TestSARIFResults(t *testing.T) {
	r := withCaptureFinding()
	var b bytes.Buffer
	if err := FindFormat("sarif").Write(&b, r, Options{Checks: []record.CheckDoc{{Name: record.CheckZeroWindow, Title: "window closed", Severity: record.SeverityWarning}}}); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Artifacts   []struct{ Location struct{ URI string } }
			Invocations []struct{ ExecutionSuccessful bool }
			Results     []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct {
							URI   string
							Index int
						}
					}
					Properties struct{ Frame uint64 }
				}
				Properties struct {
					Frames []uint64
					Files  []uint64
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	want := len(r.Capture.Anomalies)
	for _, c := range r.Connections {
		want += len(c.Anomalies)
	}
	if len(run.Results) != want {
		t.Errorf("%d results, want %d", len(run.Results), want)
	}
	levels := map[string]int{}
	for _, x := range run.Results {
		levels[x.Level]++
		if run.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID {
			t.Errorf("%s is not rule %d", x.RuleID, x.RuleIndex)
		}
		loc := x.Locations[0].PhysicalLocation.ArtifactLocation
		if run.Artifacts[loc.Index].Location.URI != loc.URI {
			t.Errorf("%s: %s is not artifact %d", x.RuleID, loc.URI, loc.Index)
		}
		if x.RuleID == "keepalive-dead-peer" && (loc.Index != 1 || x.Locations[0].Properties.Frame != 4 || len(x.Properties.Frames) != 9 || x.Properties.Files[0] != 2) {
			t.Errorf("keepalive-dead-peer: %+v", x)
		}
	}
	if levels["error"] != 2 || levels["warning"] != 4 || levels["note"] != 3 {
		t.Errorf("levels %v", levels)
	}
	if run.Invocations[0].ExecutionSuccessful {
		t.Error("a source was cut, yet the run was successful")
	}
	if title := run.Tool.Driver.Rules[0].ShortDescription.Text; title != "Window closed." {
		t.Errorf("title %q", title)
	}
}

func TestFileURI(t *testing.T) {
	for name, want := range map[string]string{
		"a/b.pcap":   "a/b.pcap",
		"/tmp/x.cap": "file:///tmp/x.cap",
		"a b%.pcap":  "a%20b%25.pcap",
		"c:x.pcap":   "./c:x.pcap",
		"é\xff#?":    "%C3%A9%FF%23%3F",
		"-":          "-",
		"":           "unnamed",
	} {
		if got := fileURI(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
