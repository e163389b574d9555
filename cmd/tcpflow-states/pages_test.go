package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages' generated parts, the picture and the reports anew")

const root = "../.."

// pages returns the project's Markdown pages, as paths from its root.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "findings/*.md", "testdata/pcaps/*/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			page, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, filepath.ToSlash(page))
		}
	}
	if len(list) < 10 {
		t.Fatalf("only %d pages found: %q", len(list), list)
	}
	return list
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generators write the parts of pages between <!-- NAME ARGUMENT --> and
// <!-- end -->. A part with another name is written by what measures it, and left
// alone here.
var generators = map[string]func(t *testing.T, argument string) string{
	"run":           terminalSession,
	"verdict-of":    verdictsOf,
	"checks":        checkTable,
	"verdicts":      verdictTable,
	"states":        stateDiagram,
	"conversations": conversationTable,
	"fields":        fieldTable,
	"example":       exampleCode,
}

var generated = regexp.MustCompile(`(?s)(<!-- ([a-z-]+)(?: ([^\n]*?))? -->\n).*?(<!-- end -->)`)

// TestPages holds the generated parts of all pages against the program. With
// -update, or make docs, it writes them.
func TestPages(t *testing.T) {
	used := map[string]bool{}
	for _, page := range pages(t) {
		before := readPage(t, page)
		after := generated.ReplaceAllStringFunc(before, func(part string) string {
			m := generated.FindStringSubmatch(part)
			generate := generators[m[2]]
			if generate == nil {
				return part
			}
			used[m[2]] = true
			return m[1] + generate(t, m[3]) + m[4]
		})
		hold(t, page, []byte(before), []byte(after))
	}
	for name := range generators {
		if !used[name] {
			t.Errorf("no page has a part <!-- %s -->", name)
		}
	}
}

// pictures are the SVGs that pages show, each with the command line that draws it.
var pictures = map[string]string{
	"docs/demo.svg": "tcpflow-states testdata/pcaps/kernel/lost-last-ack.client.pcap --conn 1 --format svg",
}

// TestPictures holds the pictures against the program, as TestPages does the text.
func TestPictures(t *testing.T) {
	for file, line := range pictures {
		before, err := os.ReadFile(filepath.Join(root, file))
		if err != nil && !*update {
			t.Fatal(err)
		}
		hold(t, file, before, []byte(runInRoot(t, line)))
	}
}

// hold fails the test where a generated file is not what it should be, or writes it.
func hold(t *testing.T, file string, before, after []byte) {
	t.Helper()
	if bytes.Equal(before, after) {
		return
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, file), after, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	a, b := strings.Split(string(before), "\n"), strings.Split(string(after), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Errorf("%s:%d is stale, run make docs:\n has %q\nwant %q", file, i+1, a[i], append(b, "")[min(i, len(b))])
			return
		}
	}
	t.Errorf("%s is stale at its end, run make docs", file)
}

// TestREADMEIsShort holds the README to what people read; the rest is in docs.
func TestREADMEIsShort(t *testing.T) {
	const most = 12_000
	if n := len(readPage(t, "README.md")); n > most {
		t.Errorf("README.md has %d bytes, at most %d are wanted: move something to docs/", n, most)
	}
}

// runInRoot runs a command line in the project's root and returns its output.
func runInRoot(t *testing.T, line string) string {
	t.Helper()
	args := strings.Fields(line)
	cmd := program(args[1:]...)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v: %s", line, err, stderr.String())
	}
	return string(out)
}

// terminalSession shows a command line with its output.
func terminalSession(t *testing.T, line string) string {
	t.Helper()
	return "```console\n$ " + line + "\n" + runInRoot(t, line) + "```\n"
}
