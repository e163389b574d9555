package verdicttest

import (
	"bufio"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the page of sentences anew")

const pcaps = "../../testdata/pcaps"

// TestCodes holds every verdict against expected.txt, which was filled in by
// hand: what happened, as its author knows, and not what we said.
func TestCodes(t *testing.T) {
	cases, err := All(pcaps, "testdata/shapes")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	f, err := os.Open("testdata/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, comment := sc.Text(), strings.HasPrefix(sc.Text(), "#")
		if words := strings.Fields(line); !comment && len(words) == 2 {
			want[words[0]] = words[1]
		}
	}
	for _, c := range cases {
		switch code := string(c.Connection.Verdict.Code); want[c.Name] {
		case "":
			t.Errorf("%s: not in expected.txt; we say %s", c.Name, code)
		case code:
		default:
			t.Errorf("%s: %s, want %s: %s", c.Name, code, want[c.Name], c.Connection.Verdict.Sentence)
		}
		delete(want, c.Name)
	}
	for name := range want {
		t.Errorf("%s: expected, but there is no such connection", name)
	}
}

// TestSentences holds all sentences together against a page that is read as a
// whole.
func TestSentences(t *testing.T) {
	cases, err := All(pcaps, "testdata/shapes")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range cases {
		b.WriteString(c.Print())
	}
	const golden = "testdata/sentences.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the sentences differ from %s; -update writes it anew", golden)
	}
}
