package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

const schemaURL = "https://example.org/report.json"

func compiled(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaURL + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONFollowsTheSchema(t *testing.T) {
	s := compiled(t, "")
	oneFile := fixture()
	oneFile.Capture.Sources = oneFile.Capture.Sources[:1]
	for name, r := range map[string]*record.Report{"several files": fixture(), "one file": oneFile, "empty": {}} {
		for _, o := range []Options{{}, {SummaryOnly: true, Defaults: fixtureDefaults}} {
			var b bytes.Buffer
			if err := JSON(&b, r, o); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s, %+v: %v", name, o, err)
			}
		}
	}
}

func TestNDJSONFollowsTheSchema(t *testing.T) {
	s := compiled(t, "#/$defs/ndjson_line")
	r := fixture()
	var b bytes.Buffer
	n := newNDJSON(&b, Options{Multi: true})
	for _, c := range r.Connections {
		if err := n.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Finish(&record.Report{Capture: r.Capture, Summary: r.Summary}); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b.Bytes()) {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%.60s: %v", line, err)
		}
	}
}

// The schema must be able to say no.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t, "")
	for _, test := range []struct{ name, from, to string }{
		{"a state that is none", `"client":"TIME-WAIT"`, `"client":"WAITING"`},
		{"a number for a string", `"service":"http"`, `"service":80`},
		{"a missing field", `"incarnation":1,`, ``},
		{"a time without nanoseconds", `"2026-03-29T12:59:58.250000000Z"`, `"2026-03-29T12:59:58Z"`},
		{"a negative frame", `"first_frame":1,`, `"first_frame":-1,`},
		{"another schema", `"schema":1`, `"schema":2`},
	} {
		var b bytes.Buffer
		if err := JSON(&b, fixture(), Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), test.from) {
			t.Fatalf("%s: no %s in the report", test.name, test.from)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(b.String(), test.from, test.to, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("%s passes", test.name)
		}
	}
}

// Every field that is written is described, and every described one is written
// by the fixture: neither may run ahead of the other.
func TestEveryFieldIsDescribed(t *testing.T) {
	w := schemaWalk{root: parse(t, Schema()), met: map[string]bool{}}
	w.walk(t, "", document(t, fixture(), Options{Defaults: fixtureDefaults}), w.root)
	var b bytes.Buffer
	n := newNDJSON(&b, Options{})
	r := fixture()
	for _, c := range r.Connections {
		if err := n.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range fixtureNotices() {
		if err := n.(NoticeWriter).Notice(&x); err != nil {
			t.Fatal(err)
		}
	}
	for line := range bytes.Lines(b.Bytes()) {
		o := parse(t, line)
		def := at(t, w.root, "$defs", o["type"].(string)+"_line")
		w.walk(t, "", o, def.(map[string]any))
	}
	w.walk(t, "", comparisonDocument(t), at(t, w.root, "$defs", "comparison").(map[string]any))
	w.unmet(t, "#", w.root)
}

type schemaWalk struct {
	root map[string]any
	met  map[string]bool // descriptions of properties that some value had
}

// resolve returns the schemas that apply together: references followed,
// allOf and anyOf opened.
func (w *schemaWalk) resolve(s map[string]any) []map[string]any {
	list := []map[string]any{s}
	if ref, ok := s["$ref"].(string); ok {
		def := w.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")]
		list = append(list, w.resolve(def.(map[string]any))...)
	}
	for _, k := range []string{"allOf", "anyOf"} {
		parts, _ := s[k].([]any)
		for _, p := range parts {
			list = append(list, w.resolve(p.(map[string]any))...)
		}
	}
	return list
}

func (w *schemaWalk) walk(t *testing.T, path string, v any, s map[string]any) {
	t.Helper()
	schemas := w.resolve(s)
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			found := false
			for _, s := range schemas {
				if props, ok := s["properties"].(map[string]any); ok && props[k] != nil {
					prop := props[k].(map[string]any)
					if prop["description"] == nil {
						t.Errorf("%s.%s has no description", path, k)
					}
					w.met[fmt.Sprintf("%p", prop)] = true
					found = true
					w.walk(t, path+"."+k, member, prop)
				}
				if extra, ok := s["additionalProperties"].(map[string]any); ok {
					found = true
					w.walk(t, path+"."+k, member, extra)
				}
			}
			if !found {
				t.Errorf("%s.%s is not in the schema", path, k)
			}
		}
	case []any:
		for i, element := range v {
			for _, s := range schemas {
				if items, ok := s["items"].(map[string]any); ok {
					w.walk(t, fmt.Sprintf("%s[%d]", path, i), element, items)
				}
			}
		}
	}
}

// unmet reports properties that the fixture never has.
func (w *schemaWalk) unmet(t *testing.T, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		props, _ := v["properties"].(map[string]any)
		for k, p := range props {
			// The summary line's type is written by Summary, not by a connection.
			if !w.met[fmt.Sprintf("%p", p)] && path+"."+k != "#.$defs.summary_line.type" {
				t.Errorf("%s.%s is described, but the fixture does not have it", path, k)
			}
		}
		for k, member := range v {
			w.unmet(t, path+"."+k, member)
		}
	case []any:
		for _, member := range v {
			w.unmet(t, path, member)
		}
	}
}

func TestSchemaIsOurs(t *testing.T) {
	a := Schema()
	a[0] = 'x'
	if Schema()[0] == 'x' {
		t.Error("a caller can change the embedded schema")
	}
	if !json.Valid(Schema()) {
		t.Error("the schema is no JSON")
	}
}
