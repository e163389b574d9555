package main

import (
	"bytes"
	"flag"
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

var update = flag.Bool("update", false, "write the README's generated parts anew")

const root = "../.."

// generated is a part of the README between <!-- NAME ARGUMENT --> and
// <!-- end -->.
var generated = regexp.MustCompile(`(?s)(<!-- (run|checks|states|conversations|verdicts)(?: ([^\n]*?))? -->\n).*?(\n?<!-- end -->)`)

// TestREADME holds the generated parts of the README against the program. With
// -update, or make readme, it writes them.
func TestREADME(t *testing.T) {
	name := filepath.Join(root, "README.md")
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	after := generated.ReplaceAllFunc(before, func(part []byte) []byte {
		parts++
		m := generated.FindSubmatch(part)
		var text string
		switch string(m[2]) {
		case "run":
			text = terminalSession(t, string(m[3]))
		case "verdicts":
			text = verdictTable()
		case "checks":
			text = checkTable()
		case "states":
			text = stateDiagram()
		case "conversations":
			text = conversationTable(t)
		}
		return []byte(string(m[1]) + text + "<!-- end -->")
	})
	if parts < 4 {
		t.Errorf("only %d generated parts found", parts)
	}
	if bytes.Equal(before, after) {
		return
	}
	if *update {
		if err := os.WriteFile(name, after, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	a, b := strings.Split(string(before), "\n"), strings.Split(string(after), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Fatalf("README.md:%d is stale, run make readme:\n has %q\nwant %q", i+1, a[i], append(b, "")[min(i, len(b))])
		}
	}
	t.Fatal("README.md is stale at its end, run make readme")
}

// terminalSession runs a command line in the project's root and shows it with its
// output.
func terminalSession(t *testing.T, line string) string {
	args := strings.Fields(line)
	cmd := program(args[1:]...)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v: %s", line, err, stderr.String())
	}
	return "```console\n$ " + line + "\n" + string(out) + "```\n"
}

func checkTable() string {
	var b strings.Builder
	family := ""
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
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

func verdictTable() string {
	var b strings.Builder
	b.WriteString("| code | when |\n| --- | --- |\n")
	for _, v := range record.VerdictDocs {
		fmt.Fprintf(&b, "| `%s` | %s |\n", v.Code, v.Explanation)
	}
	return b.String()
}

// stateDiagram draws the transition table, without what resets do: that is the
// same everywhere.
func stateDiagram() string {
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
func conversationTable(t *testing.T) string {
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
	source, err := capture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	a := analyzer.New(analyzer.Options{})
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		a.Packet(&capture.Packet{Data: p.Data, Time: p.Time, Source: p.Source, Number: p.Number,
			Length: p.Length, LinkType: p.LinkType})
	}
	var said []string
	r, err := a.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Connections {
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
