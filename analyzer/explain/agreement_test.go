package explain_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const captures = "../../testdata/pcaps"

// TestExplanationsAgreeWithTheRecord holds every explanation of every frame of every
// capture in the project against the record that it explains: a segment that moved
// its receiver fails no test there, what the record says it caused was judged so,
// and what was judged otherwise moved nobody. With another maximum segment lifetime
// the same holds, because the one machine judges.
func TestExplanationsAgreeWithTheRecord(t *testing.T) {
	files, frames, moved := 0, 0, 0
	err := filepath.WalkDir(captures, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".pcap") {
			return err
		}
		files++
		for _, msl := range []fsm.Time{0, fsm.Second} {
			for _, c := range judgedConnections(t, path, msl) {
				n, m := agrees(t, path, c)
				if msl == 0 {
					frames, moved = frames+n, moved+m
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d captures, %d frames, %d transitions", files, frames, moved)
	if files < 150 || frames < 20_000 || moved < 3_000 {
		t.Errorf("%d captures, %d frames, %d transitions: some are missing", files, frames, moved)
	}
}

func judgedConnections(t *testing.T, path string, msl fsm.Time) []*record.Connection {
	t.Helper()
	source, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{
		MSL: msl, Segments: func(uint64) bool { return true }, Judge: func(fsm.Frame) bool { return true },
	})
	if err != nil {
		t.Logf("%s: %v", path, err)
	}
	return r.Connections
}

// agrees checks one connection and returns how many segments and transitions by
// segments it has.
func agrees(t *testing.T, path string, c *record.Connection) (frames, moved int) {
	t.Helper()
	caused := map[fsm.Frame][2][]*fsm.Transition{}
	for i := range c.Transitions {
		if tr := &c.Transitions[i]; tr.Frame != 0 {
			both := caused[tr.Frame]
			both[tr.Side] = append(both[tr.Side], tr)
			caused[tr.Frame] = both
			moved++
		}
	}
	for i := range c.Segments {
		s := &c.Segments[i]
		frames++
		e := explain.Frame(c, s.Frame)
		if e == nil {
			t.Errorf("%s: frame %d is not explained", path, s.Frame)
			continue
		}
		if s.Judgement == nil {
			if len(caused[s.Frame][0])+len(caused[s.Frame][1]) > 0 {
				t.Errorf("%s: frame %d, a duplicate, moved an endpoint", path, s.Frame)
			}
			continue
		}
		for side, trs := range caused[s.Frame] {
			j := &s.Judgement.Machine[side]
			for _, tr := range trs {
				if !j.Caused(tr.Event) {
					t.Errorf("%s: frame %d: %v > %v of the %v is on record, and not judged so", path, s.Frame, tr.From, tr.To, tr.Side)
				}
			}
		}
		receiver := s.From.Peer()
		received := slices.ContainsFunc(caused[s.Frame][receiver], func(tr *fsm.Transition) bool { return tr.Cause == fsm.Received })
		switch o := s.Judgement.Machine[receiver].Outcome(); {
		case received != (len(caused[s.Frame][receiver]) > 0):
			t.Errorf("%s: frame %d moved its receiver without having been received", path, s.Frame)
		case received && o != fsm.Accepted && o != fsm.Resets:
			t.Errorf("%s: frame %d moved the %v, and %q", path, s.Frame, receiver, e.Outcome)
		case received:
			fails(t, path, e)
		}
		if strings.ContainsAny(e.Outcome+strings.Join(e.Evidence, ""), "{}") {
			t.Errorf("%s: frame %d: %q %q", path, s.Frame, e.Outcome, e.Evidence)
		}
	}
	return frames, moved
}

// fails reports the tests that an explanation says to have failed at the receiver.
func fails(t *testing.T, path string, e *explain.Explanation) {
	t.Helper()
	for _, test := range e.Tests {
		ofSender := slices.Contains([]string{"control bits", "options", "window used", "window offered"}, test.Name)
		if test.Result == fsm.Failed && !ofSender {
			t.Errorf("%s: frame %d moved its receiver, and %s failed: %s", path, e.Segment.Frame, test.Name, test.Text)
		}
		if strings.ContainsAny(test.Text, "{}") || test.Text == "" || test.Name == "" {
			t.Errorf("%s: frame %d: %q: %q", path, e.Segment.Frame, test.Name, test.Text)
		}
	}
}

// TestNothingIsJudgedHere keeps the package from running the protocol machine, and
// from assuming what it is configured with.
func TestNothingIsJudgedHere(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "fsm" && slices.Contains([]string{"Conn", "Endpoint", "DefaultMSL", "TwoMSL", "Table"}, s.Sel.Name) {
					t.Errorf("%s uses fsm.%s", name, s.Sel.Name)
				}
			}
			return true
		})
	}
}
