// Package verdicts judges the verdicts: of every scripted conversation and of
// every recording of a real kernel, against a table that people filled in.
package verdicttest

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
)

// Case is one connection with its name: the script's or the recording's file,
// and behind a # the connection's number where there are several.
type Case struct {
	Name       string
	Connection *record.Connection
}

// All analyses what lies below pcaps, the folder of test captures, and the scripts
// in shapes: first the conversations, then the shapes and the recordings, in order
// of their names.
func All(pcaps, shapes string) ([]Case, error) {
	var cases []Case
	scripts, err := filepath.Glob(filepath.Join(pcaps, "conversations", "*.txt"))
	if err != nil {
		return nil, err
	}
	more, err := filepath.Glob(filepath.Join(shapes, "*.txt"))
	if err != nil {
		return nil, err
	}
	scripts = append(scripts, more...)
	for _, file := range scripts {
		s, err := conversation.Load(file)
		if err != nil {
			return nil, err
		}
		a := analyzer.New(analyzer.Options{Segments: func(uint64) bool { return true }})
		for i, p := range s.Packets() {
			a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: int64(p.Time), LinkType: 1, Number: uint64(i + 1)})
		}
		r, err := a.Finish()
		if err != nil {
			return nil, err
		}
		cases = append(cases, named(strings.TrimSuffix(filepath.Base(file), ".txt"), r)...)
	}
	recordings, err := filepath.Glob(filepath.Join(pcaps, "kernel", "*.pcap"))
	if err != nil {
		return nil, err
	}
	for _, file := range recordings {
		r, err := kernelscore.Analyse(file, nil)
		if err != nil {
			return nil, err
		}
		cases = append(cases, named(strings.TrimSuffix(filepath.Base(file), ".pcap"), r)...)
	}
	return cases, nil
}

func named(name string, r *record.Report) []Case {
	var cases []Case
	for _, c := range r.Connections {
		n := name
		if len(r.Connections) > 1 {
			n = fmt.Sprintf("%s#%d", name, c.ID)
		}
		cases = append(cases, Case{n, c})
	}
	return cases
}

// Print writes the case as the golden page shows it: name, code and, indented,
// the sentences.
func (c Case) Print() string {
	v := &c.Connection.Verdict
	var b strings.Builder
	sure := ""
	if !v.Sure {
		sure = ", not sure"
	}
	fmt.Fprintf(&b, "%s: %s%s, frames %v\n    %s\n", c.Name, v.Code, sure, numbers(v.Frames), v.Sentence)
	for _, l := range v.Limits {
		fmt.Fprintf(&b, "    + %s (%s, %.0f %%): %s\n", l.Code, l.Side, l.Share*100, l.Sentence)
	}
	return b.String()
}

func numbers(frames []fsm.Frame) []uint64 {
	var out []uint64
	for _, f := range frames {
		out = append(out, f.Number())
	}
	return out
}
