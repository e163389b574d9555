package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// duckdb runs queries in a folder, with DuckDB's package for node, and returns their rows.
func duckdb(t *testing.T, dir string, queries ...string) (all [][][]any) {
	t.Helper()
	modules := os.Getenv("DUCKDB_NODE_MODULES")
	node, err := exec.LookPath("node")
	if modules == "" || err != nil {
		t.Skip("make csv-duckdb fetches DuckDB's package for node and runs this test")
	}
	script, err := filepath.Abs("testdata/duckdb/query.cjs")
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, script)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), "NODE_PATH="+modules), bytes.NewReader(in)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.String())
	}
	return all
}

// tables writes the tables and the document of the recordings of the kernel into a folder.
func tables(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	names, err := filepath.Glob("../../testdata/pcaps/kernel/*.client.pcap")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for file, flags := range map[string]string{"connections.csv": "--format csv", "findings.csv": "--format csv-findings", "trace.json": "--json"} {
		out, err := program(append(strings.Fields(flags), names...)...).Output()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), out, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestDuckDBTypes: DuckDB finds the type of each column by itself, the one that the schema
// has for it.
func TestDuckDBTypes(t *testing.T) {
	dir := tables(t)
	all := duckdb(t, dir, "DESCRIBE FROM 'connections.csv'", "DESCRIBE FROM 'findings.csv'",
		"SELECT COLUMNS(c -> true)::VARCHAR FROM 'connections.csv'", "SELECT COLUMNS(c -> true)::VARCHAR FROM 'findings.csv'")
	kinds := map[string]int{}
	for k, table := range all[:2] {
		for i, column := range table {
			name, kind := column[0].(string), column[1].(string)
			if !slices.ContainsFunc(all[2+k], func(row []any) bool { return row[i] != nil }) {
				continue // of a column without values nothing can be told
			}
			want := "BIGINT"
			switch {
			case strings.HasSuffix(name, "_time"):
				want = "TIMESTAMP WITH TIME ZONE"
			case strings.HasSuffix(name, "_s") || strings.Contains(name, "_rates_"):
				want = "DOUBLE"
			case strings.HasSuffix(name, "_proved") || name == "handshake_complete":
				want = "BOOLEAN"
			case regexp.MustCompile(`_ip$|^service|^encaps|^state_|^verdict_|_name$|_kind$|close_(first|reset)|_trust$|^(name|severity|endpoint|frames|seen|expected|rule|message|doubt)$`).MatchString(name):
				want = "VARCHAR"
			}
			kinds[want]++
			if kind != want {
				t.Errorf("%s is %s, not %s", name, kind, want)
			}
		}
	}
	t.Log(kinds)
}

var (
	question = regexp.MustCompile("(?s)^## (.*?)\n.*jq (?:-r |-c )*'([^\n]*)'\n```.*?```sql\n(.*?)```")
	aUnit    = regexp.MustCompile(`^(?:#|frames )?(.*?)(?: s| SYNs)?$`)
)

// TestDuckDBQuestions: the queries on the page of questions answer what its jq does.
func TestDuckDBQuestions(t *testing.T) {
	page, err := os.ReadFile("../../docs/questions.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := tables(t)
	var names, filters, queries []string
	for _, section := range regexp.MustCompile(`(?m)^## `).Split(string(page), -1)[1:] {
		if m := question.FindStringSubmatch("## " + section); m != nil {
			names, filters, queries = append(names, m[1]), append(filters, m[2]), append(queries, m[3])
		}
	}
	if len(names) < 5 {
		t.Fatalf("queries for %q only", names)
	}
	all := duckdb(t, dir, queries...)
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip(err)
	}
	for i, name := range names {
		cmd := exec.Command(jq, "-r", filters[i], filepath.Join(dir, "trace.json"))
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, row := range all[i] {
			got = append(got, plainRow(row))
		}
		want := rowsOf(string(out))
		slices.Sort(got)
		slices.Sort(want)
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s\n%s\nis\n%s\nwant\n%s", name, queries[i], strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// rowsOf reads what a filter of jq prints: lines with tabs, or a list of objects.
func rowsOf(text string) (rows []string) {
	var objects []struct {
		IP    any
		Bytes any
	}
	if json.Unmarshal([]byte(text), &objects) == nil {
		for _, o := range objects {
			rows = append(rows, plainRow([]any{o.IP, o.Bytes}))
		}
		return rows
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		var row []any
		for cell := range strings.SplitSeq(line, "\t") {
			row = append(row, aUnit.FindStringSubmatch(cell)[1])
		}
		rows = append(rows, plainRow(row))
	}
	return rows
}

// plainRow writes a row so that equal ones are equal: times to the microsecond, numbers
// to six digits.
func plainRow(row []any) string {
	var cells []string
	for _, v := range row {
		text := fmt.Sprint(v)
		if x, ok := v.(float64); ok {
			text = strconv.FormatFloat(x, 'g', 6, 64)
		} else if x, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(x, 'g', 6, 64)
		}
		for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999-07"} {
			if at, err := time.Parse(form, text); err == nil {
				text = at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
			}
		}
		cells = append(cells, text)
	}
	return strings.Join(cells, "\t")
}
