package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func events(list ...string) string {
	var b strings.Builder
	for _, e := range list {
		w := strings.SplitN(e, "|", 4)
		fmt.Fprintf(&b, `{"Action":%q,"Package":%q,"Test":%q,"Output":%q}`+"\n", w[0], w[1], w[2], strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(w[3]))
	}
	return b.String()
}

// Of a package that passed only its line is printed; of one that failed also what
// its failed tests said, and no other's.
func TestFollow(t *testing.T) {
	in := events(
		`start|m/a||`, `start|m/b||`,
		`run|m/a|TestGood|`, `output|m/a|TestGood|=== RUN   TestGood\n`, `output|m/a|TestGood|chatter\n`, `pass|m/a|TestGood|`,
		`run|m/b|TestBad|`, `output|m/b|TestBad|=== RUN   TestBad\n`, `output|m/b|TestBad|    b_test.go:1: wrong\n`, `output|m/b|TestBad|--- FAIL: TestBad\n`, `fail|m/b|TestBad|`,
		`output|m/b||FAIL\n`, `output|m/b||FAIL\tm/b\t0.1s\n`, `fail|m/b||`,
		`output|m/a||PASS\n`, `output|m/a||ok  \tm/a\t0.2s\n`, `pass|m/a||`,
		`output|m/c||?   \tm/c\t[no test files]\n`, `skip|m/c||`,
	) + "go: not an event\n"
	var out strings.Builder
	follow(strings.NewReader(in), &out, nil)
	want := "    b_test.go:1: wrong\n--- FAIL: TestBad\nFAIL\nFAIL\tm/b\t0.1s\nok  \tm/a\t0.2s\n?   \tm/c\t[no test files]\ngo: not an event\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// A test that panics has no end of its own.
func TestTestsWithoutAnEnd(t *testing.T) {
	in := events(`run|m/a|TestPanics|`, `output|m/a|TestPanics|panic: oh\n`, `output|m/a||FAIL\n`, `fail|m/a||`)
	var out strings.Builder
	follow(strings.NewReader(in), &out, nil)
	if want := "panic: oh\nFAIL\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestTell(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	p.start = time.Now().Add(-20*time.Second - time.Millisecond)
	p.tell()
	p.take(event{Action: "start", Package: "m/a"})
	p.take(event{Action: "start", Package: "m/b"})
	p.take(event{Action: "run", Package: "m/b", Test: "TestLong"})
	p.take(event{Action: "run", Package: "m/b", Test: "TestLong/part"})
	p.tell()
	if want := "… 20 s: compiling\n… 20 s: running a, b (TestLong/part)\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
