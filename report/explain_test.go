package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// explained writes the stories of all connections.
func explained(w io.Writer, r *record.Report, o Options) error {
	for _, c := range r.Connections {
		if err := Explain(w, c, o); err != nil {
			return err
		}
	}
	return nil
}

// judge fills in how the connections' segments were judged, as the analysis does.
func judge(r *record.Report) *record.Report {
	for _, c := range r.Connections {
		var conn fsm.Conn
		conn.Reset(fsm.DefaultMSL)
		conn.Judgements = &fsm.Judgements{}
		for i := range c.Segments {
			s := &c.Segments[i]
			conn.Step(s.From, &s.Seg, s.Frame, s.Time, slices.Contains(s.Labels, record.LabelBadChecksum))
		}
		for i := range c.Segments {
			s := &c.Segments[i]
			s.Judgement = &record.Judgement{Machine: *conn.Judgements.Of(s.Frame)}
		}
	}
	return r
}

// judged explains some frames of the fixture.
func judged(w io.Writer, r *record.Report, o Options) error {
	judge(r)
	for _, f := range []fsm.Frame{
		fsm.NewFrame(0, 1), fsm.NewFrame(0, 411), fsm.NewFrame(0, 412), fsm.NewFrame(0, 507), fsm.NewFrame(0, 509), fsm.NewFrame(1, 5),
		fsm.NewFrame(0, 600), fsm.NewFrame(0, 999_999),
	} {
		if err := ExplainFrame(w, r, f, o); err != nil {
			return err
		}
	}
	return nil
}

func TestExplainGolden(t *testing.T) {
	hundred := DefaultOptions()
	eighty := hundred
	eighty.Width = 80
	for _, test := range []struct {
		name   string
		render renderFunc
		o      Options
	}{
		{"explain-100.txt", explained, hundred},
		{"explain-80.txt", explained, eighty},
		{"explain-frame-100.txt", judged, hundred},
	} {
		golden(t, test.name, text(t, test.render, oneFile(), test.o))
	}
}

func TestExplanationsFitAndAreClean(t *testing.T) {
	long := fixture()
	long.Connections = append(long.Connections, longest())
	for _, r := range []*record.Report{fixture(), long, {}} {
		for _, width := range []int{0, 40, 90, 140} {
			for n := range 16 {
				o := Options{Width: width, Color: n&1 != 0, ASCII: n&2 != 0, AbsSeq: n&4 != 0, Full: n&8 != 0, Multi: true, Limit: 12}
				checkPage(t, "explain", text(t, explained, r, o), o)
				checkPage(t, "explain frame", text(t, judged, r, o), o)
			}
		}
	}
}

// Folding keeps a long transfer's story short, and a limit shorter.
func TestExplainFolds(t *testing.T) {
	c := download()
	folded, full := text(t, explained, &record.Report{Connections: []*record.Connection{c}}, Options{}), text(t, explained, &record.Report{Connections: []*record.Connection{c}}, Options{Full: true})
	if n := bytes.Count(folded, []byte("\n  frame")); n > 15 || n < 8 {
		t.Errorf("%d steps:\n%s", n, folded)
	}
	if n := bytes.Count(full, []byte("\n  frame")); n != len(c.Segments) {
		t.Errorf("%d steps with everything, want %d", n, len(c.Segments))
	}
	short := string(text(t, explained, &record.Report{Connections: []*record.Connection{c}}, Options{Limit: 6}))
	if n := strings.Count(short, "\n  frame"); n != 6 || !strings.Contains(short, "not told: --limit 0 tells all") {
		t.Errorf("%d steps, want 6:\n%s", n, short)
	}
}
