package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// cell makes a sentence fit for a table.
var cell = strings.NewReplacer("|", `\|`, "\n", " ")

func checkTable(*testing.T, string) string {
	var b strings.Builder
	family := ""
	b.WriteString("| check | severity | fires when | rule |\n| --- | --- | --- | --- |\n")
	for _, c := range analyzer.Checks() {
		if c.Family != family {
			family = c.Family
			fmt.Fprintf(&b, "| **%s** | | | |\n", family)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Name, c.Severity, cell.Replace(c.Condition), cell.Replace(c.Rule))
	}
	return b.String()
}

func verdictTable(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("| code | when |\n| --- | --- |\n")
	for _, v := range record.VerdictDocs {
		fmt.Fprintf(&b, "| `%s` | %s |\n", v.Code, cell.Replace(v.Explanation))
	}
	return b.String()
}

// verdictsOf lists captures of the project with what the program says of their
// first connection, or, where that closed normally, of what held its data back.
func verdictsOf(t *testing.T, files string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| capture | verdict |\n| --- | --- |\n")
	for _, file := range strings.Fields(files) {
		file = "testdata/pcaps/" + file
		r := analyseFile(t, filepath.Join(root, file))
		if len(r.Connections) == 0 {
			t.Fatalf("%s: no connections", file)
		}
		v := r.Connections[0].Verdict
		code, text := "`"+v.Code+"`", v.Sentence
		if v.Code == "closed-normally" && len(v.Limits) > 0 {
			code, text = "`"+v.Limits[0].Code+"`", v.Limits[0].Sentence
		}
		fmt.Fprintf(&b, "| [%s](%s) | %s: %s |\n", strings.TrimSuffix(filepath.Base(file), ".pcap"), file, code, cell.Replace(text))
	}
	return b.String()
}

// stateDiagram draws the transition table, without what resets do: that is the
// same everywhere.
func stateDiagram(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	id := func(s fsm.State) string { return strings.ReplaceAll(s.String(), "-", "") }
	for s := range fsm.NumStates {
		if n := fsm.State(s); id(n) != n.String() {
			fmt.Fprintf(&b, "    state \"%s\" as %s\n", n, id(n))
		}
	}
	for _, r := range fsm.Table {
		if r.Event == fsm.SendRST || r.Event == fsm.RecvRST || strings.HasPrefix(r.Rule, "observer") {
			continue
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", id(r.From), id(r.To), r.Event)
	}
	b.WriteString("```\n")
	return b.String()
}

var conversationRow = regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \| (.*) \| (.*) \| (.*) \| .* \|$`)

// conversationTable lists the conversations that other tools were measured on:
// what those said, from the README beside the captures, and what we say, from
// running them. That this is also right is tested in analyzer.
func conversationTable(t *testing.T, _ string) string {
	t.Helper()
	dir := filepath.Join(root, "testdata/pcaps/conversations")
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| # | shape | tshark | tcptrace | argus | we say: client / server, findings |\n| --- | --- | --- | --- | --- | --- |\n")
	rows := 0
	for _, m := range conversationRow.FindAllStringSubmatch(string(text), -1) {
		if rows == measured {
			break
		}
		rows++
		files, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%02s-*.pcap", m[1])))
		if err != nil || len(files) != 1 {
			t.Fatalf("conversation %s: files %q, %v", m[1], files, err)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", m[1], m[2], m[3], m[4], m[5], weSay(t, files[0]))
	}
	if rows != measured {
		t.Errorf("%d conversations, want %d", rows, measured)
	}
	return b.String()
}

// measured is how many conversations other tools were measured on.
const measured = 33

func weSay(t *testing.T, file string) string {
	t.Helper()
	var said []string
	for _, c := range analyseFile(t, file).Connections {
		text := stateText(c.State[fsm.Client]) + " / " + stateText(c.State[fsm.Server])
		for i, an := range c.Anomalies {
			if i == 0 {
				text += ":"
			}
			text += fmt.Sprintf(" `%s`", an.Name)
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}

func stateText(s record.EndState) string {
	if s.Proved {
		return s.State.String()
	}
	return s.State.String() + "?"
}

func analyseFile(t *testing.T, file string) *record.Report {
	t.Helper()
	source, err := capture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// exampleCode shows the body of an Example that go test runs: FILE NAME.
func exampleCode(t *testing.T, argument string) string {
	t.Helper()
	file, name, _ := strings.Cut(argument, " ")
	_, body, found := strings.Cut(readPage(t, file), "\nfunc "+name+"() {\n")
	body, _, ended := strings.Cut(body, "\n}\n")
	if !found || !ended {
		t.Fatalf("%s has no %s", file, name)
	}
	body, _, _ = strings.Cut(body, "\n\t// Output:")
	body = strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:]
	return "```go\n" + body + "\n```\n"
}
