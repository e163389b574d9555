package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
)

func rows(t *testing.T, format string, o Options) [][]string {
	t.Helper()
	var b bytes.Buffer
	if err := FindFormat(format).Write(&b, fixture(), o); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Bytes() {
		if c < ' ' && c != '\n' {
			t.Fatalf("%s: a control character %#x in %q", format, c, b.String())
		}
	}
	list, err := csv.NewReader(&b).ReadAll() // wants the same number of columns in all
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestCSVIsTheJSON holds each cell against the value in the JSON.
func TestCSVIsTheJSON(t *testing.T) {
	table := rows(t, "csv", Options{})
	var doc struct{ Connections []map[string]any }
	var b bytes.Buffer
	if err := JSON(&b, fixture(), Options{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(table) != 1+len(doc.Connections) || len(table[0]) != len(csvFields) {
		t.Fatalf("%d rows of %d columns", len(table), len(table[0]))
	}
	full := make([]bool, len(csvFields))
	for i, c := range doc.Connections {
		for k, field := range csvFields {
			cell, want := table[i+1][k], follow(c, strings.Split(field, "."))
			full[k] = full[k] || cell != ""
			switch want := want.(type) {
			case nil:
				if cell != "" {
					t.Errorf("connection %d, %s: %q, expected nothing", i, field, cell)
				}
			case float64:
				if got, err := strconv.ParseFloat(cell, 64); err != nil || math.Abs(got-want) > 1e-9*math.Abs(want) {
					t.Errorf("connection %d, %s: %q, expected %v", i, field, cell, want)
				}
			case bool:
				if cell != strconv.FormatBool(want) {
					t.Errorf("connection %d, %s: %q, expected %v", i, field, cell, want)
				}
			case string:
				if cell != escape(want) {
					t.Errorf("connection %d, %s: %q, expected %q", i, field, cell, want)
				}
			}
		}
	}
	empty := 0
	for k, field := range csvFields {
		if !full[k] {
			empty++ // in the fixture
		}
		for _, other := range csvFields[:k] {
			if column(other) == column(field) {
				t.Errorf("two columns are called %s", column(field))
			}
		}
	}
	if empty > 8 {
		t.Errorf("%d columns of %d are empty in all rows", empty, len(csvFields))
	}
	if field, _ := UnknownField(csvFields); field != "" {
		t.Errorf("%s is not in the JSON", field)
	}
}

func TestCSVFindings(t *testing.T) {
	table, n := rows(t, "csv-findings", Options{}), 0
	for _, c := range fixture().Connections {
		n += len(c.Anomalies)
	}
	together := len(fixture().Capture.Anomalies)
	if len(table) != 1+n+together || table[0][5] != "name" {
		t.Errorf("%d rows for %d findings, the first %q", len(table), n+together, table[0])
	}
	for i, row := range table[1:] {
		if together == 0 || (row[0] == "") != (i >= n) {
			t.Errorf("row %d: %q", i, row)
		}
	}
}

// TestFields takes some values only.
func TestFields(t *testing.T) {
	o := Options{Fields: []string{"id", "client.ip", "anomalies.name", "traffic.client.rtt", "verdict", "verdict.code"}}
	if table := rows(t, "csv", o); len(table[0]) != 6 || table[0][1] != "client_ip" {
		t.Errorf("%q", table[0])
	}
	var b, whole bytes.Buffer
	for w, fields := range map[*bytes.Buffer][]string{&b: o.Fields, &whole: nil} {
		if err := FindFormat("ndjson").Write(w, fixture(), Options{Fields: fields}); err != nil {
			t.Fatal(err)
		}
	}
	var some, all []map[string]any
	for list, text := range map[*[]map[string]any]string{&some: b.String(), &all: whole.String()} {
		for line := range strings.Lines(text) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if m["type"] == "connection" {
				*list = append(*list, m)
			}
		}
	}
	if len(some) != len(all) || len(some) == 0 {
		t.Fatalf("%d connections of %d", len(some), len(all))
	}
	for i := range some {
		for _, field := range o.Fields {
			got, _ := json.Marshal(some[i][field])
			want, _ := json.Marshal(follow(all[i], strings.Split(field, ".")))
			if string(got) != string(want) && !(string(want) == "[]" && string(got) == "null") {
				t.Errorf("connection %d, %s: %s, expected %s", i, field, got, want)
			}
		}
	}
	for text, want := range map[string]string{"id": "", "anomalies.nam": "anomalies.nam", "verdict.code.x": "verdict.code.x", "x": "x"} {
		if got, names := UnknownField([]string{"id", text}); got != want || want == "x" && len(names) < 30 {
			t.Errorf("UnknownField(%q) = %q, %q", text, got, names)
		}
	}
}
