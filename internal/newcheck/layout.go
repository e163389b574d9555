package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// The places that a check has beside its own file, from the tree's root.
const (
	checks        = "analyzer/internal/check"
	catalogue     = checks + "/catalogue.go"
	names         = "analyzer/record/check_name.go"
	api           = "api.txt"
	conversations = "testdata/pcaps/conversations"
	readme        = conversations + "/README.md"
	verdicts      = "internal/verdicttest/testdata/expected.txt"
)

// layout is what will be written: whole files, by their path from the root.
type layout struct {
	root, name, number string
	order              []string
	files              map[string][]byte
}

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)

// plan works out every file and writes none.
func plan(root, name, family, severity string) (*layout, error) {
	l := &layout{root: root, name: name, files: map[string][]byte{}}
	severityName, ok := map[string]string{
		"error": "SeverityError", "warning": "SeverityWarning", "note": "SeverityNote", "capture": "SeverityCapture",
	}[severity]
	switch {
	case !kebab.MatchString(name):
		return nil, fmt.Errorf("%q is no name for a check: small letters, with - between at least two words", name)
	case !ok:
		return nil, fmt.Errorf("severity %q: not error, warning, note or capture", severity)
	case !slices.Contains(families(), family):
		return nil, fmt.Errorf("family %q: not one of %s", family, strings.Join(families(), ", "))
	}
	for _, c := range analyzer.Checks() {
		if string(c.Name) == name {
			return nil, fmt.Errorf("there is a check %q", name)
		}
	}
	file := filepath.Join(checks, strings.ReplaceAll(name, "-", "_")+".go")
	if _, err := os.Stat(filepath.Join(root, file)); err == nil {
		return nil, fmt.Errorf("%s exists", file)
	}
	fill := strings.NewReplacer("NAME", name, "FAMILY", family, "SEVERITY", severityName,
		"VARIABLE", variable(name), "CONSTANT", constant(name))
	l.add(file, fill.Replace(declaration))
	return l, firstOf(
		func() error { return l.enter(family) },
		func() error { return l.converse(fill.Replace(script)) },
		func() error { return l.describe() },
		func() error { return l.judge() },
	)
}

func firstOf(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) add(file, text string) {
	l.order = append(l.order, file)
	l.files[file] = []byte(text)
}

func (l *layout) read(file string) (string, error) {
	text, err := os.ReadFile(filepath.Join(l.root, file))
	return string(text), err
}

// variable is the name of the check's declaration: that of time-wait-missing is
// timeWaitMissing.
func variable(name string) string {
	first, rest, _ := strings.Cut(name, "-")
	return first + goName(rest)
}

// constant is the name of its name: CheckTimeWaitMissing.
func constant(name string) string { return "Check" + goName(name) }

func goName(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words {
		switch w {
		case "ack", "ecn", "fin", "isn", "mss", "rst", "rtt", "sack", "syn", "synack", "ttl":
			words[i] = strings.ToUpper(w)
		default:
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

var entry = regexp.MustCompile(`(?m)^\t[a-z]\w*,\n`)

// enter puts the check behind the last one of its family: into the catalogue, and
// its name into the list of names and the listing of exported ones.
func (l *layout) enter(family string) error {
	last, before := -1, "" // the family's last entry
	for i, c := range analyzer.Checks() {
		if c.Family == family {
			last, before = i, string(c.Name)
		}
	}
	text, err := l.read(catalogue)
	if err != nil {
		return err
	}
	entries := entry.FindAllStringIndex(text, -1)
	if last < 0 || last >= len(entries) {
		return fmt.Errorf("%s is not as expected: %d entries", catalogue, len(entries))
	}
	l.add(catalogue, insert(text, entries[last][1], "\t"+variable(l.name)+",\n"))

	if text, err = l.read(names); err != nil {
		return err
	}
	at := regexp.MustCompile(`(?m)^\tCheck\w+ +CheckName = "` + before + `"\n`).FindStringIndex(text)
	if at == nil {
		return fmt.Errorf("%s has no %q", names, before)
	}
	text = insert(text, at[1], fmt.Sprintf("\t%s CheckName = %q\n", constant(l.name), l.name))
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return fmt.Errorf("%s: %w", names, err)
	}
	l.add(names, string(formatted))

	if text, err = l.read(api); err != nil {
		return err
	}
	lines := strings.SplitAfter(text, "\n")
	exported := "pkg analyzer/record, const " + constant(l.name) + " CheckName\n"
	place, _ := slices.BinarySearch(lines[:len(lines)-1], exported)
	l.add(api, strings.Join(slices.Insert(lines, place, exported), ""))
	return nil
}

func insert(text string, at int, more string) string { return text[:at] + more + text[at:] }

// converse makes the script, with the next number, and its capture.
func (l *layout) converse(text string) error {
	scripts, err := filepath.Glob(filepath.Join(l.root, conversations, "*-*.txt"))
	if err != nil {
		return err
	}
	next := 0
	for _, s := range scripts {
		number, _, _ := strings.Cut(filepath.Base(s), "-")
		if n, err := strconv.Atoi(number); err == nil {
			next = max(next, n)
		}
	}
	if next == 0 {
		return fmt.Errorf("no scripts in %s: run this in the project's root", conversations)
	}
	l.number = strconv.Itoa(next + 1)
	path := filepath.Join(conversations, l.number+"-"+l.name)
	s, err := conversation.Parse(path+".txt", strings.NewReader(text))
	if err != nil {
		return err
	}
	var capture bytes.Buffer
	if err := conversation.WritePcap(&capture, s.Packets(), s.SnapLen); err != nil {
		return err
	}
	l.add(path+".txt", text)
	l.add(path+".pcap", capture.String())
	return nil
}

var row = regexp.MustCompile(`(?m)^\| \d+ \|.*\|\n`)

// describe adds the script's row to the README beside it.
func (l *layout) describe() error {
	text, err := l.read(readme)
	if err != nil {
		return err
	}
	rows := row.FindAllStringIndex(text, -1)
	if len(rows) == 0 {
		return fmt.Errorf("%s has no table", readme)
	}
	at := rows[len(rows)-1][1]
	l.add(readme, insert(text, at, fmt.Sprintf("| %s | TODO | – | – | – | `%s` |\n", l.number, l.name)))
	return nil
}

// judge adds the verdict that the connection must get.
func (l *layout) judge() error {
	text, err := l.read(verdicts)
	if err != nil {
		return err
	}
	file := l.number + "-" + l.name
	l.add(verdicts, strings.TrimRight(text, "\n")+fmt.Sprintf("\n%-42s closed-normally\n", file))
	return nil
}

func (l *layout) write() error {
	for _, file := range l.order {
		if err := os.WriteFile(filepath.Join(l.root, file), l.files[file], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// next says what was written and what is left to do.
func (l *layout) next() string {
	var b strings.Builder
	b.WriteString("written:\n")
	for _, file := range l.order {
		b.WriteString("  " + file + "\n")
	}
	fmt.Fprintf(&b, `
next:
  1. %[1]s/%[2]s-%[3]s.txt: write the conversation and the finding; the format is in
     %[4]s. The capture:
         go run ./internal/conversation/cmd/buildpcaps
     The title again in that README, and the verdict in %[5]s.
  2. Seen to fail, for the finding is missing:
         go test ./analyzer -run TestConversations/%[2]s
  3. %[6]s/%[7]s.go: fill in what says TODO, and Judge.
  4. Does it fire elsewhere?
         go test ./analyzer/... ./internal/verdicttest
         go test ./internal/verdicttest -update; make docs; make test
`, conversations, l.number, l.name, readme, verdicts, checks, strings.ReplaceAll(l.name, "-", "_"))
	return b.String()
}
