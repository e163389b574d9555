package analyzer_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

const conversations = "../testdata/pcaps/conversations"

// analyse runs a script's packets through the analyzer, keeping all segments.
func analyse(s *conversation.Script, opt analyzer.Options) *record.Report {
	opt.Segments = func(uint64) bool { return true }
	a := analyzer.New(opt)
	for i, p := range s.Packets() {
		a.Packet(&capture.Packet{
			Data: p.Data, Length: p.Length, Time: int64(p.Time), LinkType: 1, Number: uint64(i + 1),
		})
	}
	r, _ := a.Finish()
	return r
}

// TestConversations holds the analysis of every scripted conversation against
// the states, labels and findings that its author expects: exactly these.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(conversations, "*.txt"))
	if err != nil || len(files) < 33 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s, err := conversation.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, s, analyse(s, analyzer.Options{}))
		})
	}
}

func compare(t *testing.T, s *conversation.Script, r *record.Report) {
	byFrame := map[uint64]*record.Segment{}
	connOf := map[uint64]*record.Connection{}
	for _, c := range r.Connections {
		for i := range c.Segments {
			n := c.Segments[i].Frame.Number()
			byFrame[n], connOf[n] = &c.Segments[i], c
		}
	}
	conns := make([]*record.Connection, len(s.Conns))
	for _, e := range s.Expectations() {
		seg := byFrame[uint64(e.Frame)]
		if seg == nil {
			t.Errorf("frame %d: in no connection", e.Frame)
			continue
		}
		if c := connOf[uint64(e.Frame)]; conns[e.Conn] == nil {
			conns[e.Conn] = c
		} else if conns[e.Conn] != c {
			t.Errorf("frame %d: in connection %d, want %q (%d)", e.Frame, c.ID, s.Conns[e.Conn].Name, conns[e.Conn].ID)
		}
		if e.Stated {
			if got, want := states(seg.After), states([2]record.EndState{{State: e.State[0], Proved: e.Proved[0]}, {State: e.State[1], Proved: e.Proved[1]}}); got != want {
				t.Errorf("frame %d: states %s, want %s", e.Frame, got, want)
			}
		}
		for _, l := range e.Labels {
			if !slices.Contains(seg.Labels, record.Label(l)) {
				t.Errorf("frame %d: labels %q, want %q too", e.Frame, seg.Labels, l)
			}
		}
	}
	for i, c := range s.Conns {
		if conns[i] == nil {
			continue
		}
		compareFindings(t, c, conns[i].Anomalies)
		if c.Closer != "" {
			want := strings.TrimPrefix(c.Closer, "none")
			if got := conns[i].Close.FirstCloser; got != want {
				t.Errorf("%s: closed first by %q, want %q", c.Name, got, want)
			}
		}
	}
}

func states(s [2]record.EndState) string {
	var out []string
	for _, e := range s {
		name := e.State.String()
		if !e.Proved {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func compareFindings(t *testing.T, c *conversation.Conn, got []record.Anomaly) {
	used := make([]bool, len(got))
want:
	for _, w := range c.Findings {
		for i, g := range got {
			if used[i] || string(g.Name) != w.Name || w.Side != "" && g.Side != w.Side || !holds(g.Frames, w.Frames) {
				continue
			}
			used[i] = true
			continue want
		}
		t.Errorf("%s: no finding %s frames %v side %q", c.Name, w.Name, w.Frames, w.Side)
	}
	for i, g := range got {
		if !used[i] {
			t.Errorf("%s: unexpected %s side %q frames %v: %s", c.Name, g.Name, g.Side, numbers(g.Frames), g.Message)
		}
	}
}

func numbers(frames []fsm.Frame) []uint64 {
	var out []uint64
	for _, f := range frames {
		out = append(out, f.Number())
	}
	return out
}

func holds(have []fsm.Frame, want []int) bool {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(f fsm.Frame) bool { return f.Number() == uint64(w) }) {
			return false
		}
	}
	return true
}

// TestConversationsMirrored swaps the two endpoints' addresses: who sorts first
// must make no difference to anything but the addresses.
func TestConversationsMirrored(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(conversations, "*.txt"))
	for _, file := range files {
		s, err := conversation.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		plain := outline(analyse(s, analyzer.Options{}))
		for _, c := range s.Conns {
			ca, sa := c.Client.Addr(), c.Server.Addr()
			c.Client, c.Server = netip.AddrPortFrom(sa, c.Client.Port()), netip.AddrPortFrom(ca, c.Server.Port())
		}
		if mirrored := outline(analyse(s, analyzer.Options{})); mirrored != plain {
			t.Errorf("%s: addresses swapped:\n%s\nas written:\n%s", filepath.Base(file), mirrored, plain)
		}
	}
}

// outline writes what must not depend on the addresses.
func outline(r *record.Report) string {
	var b strings.Builder
	for _, c := range r.Connections {
		fmt.Fprintln(&b, c.ID, c.State, c.Handshake.Kind, c.Close.Kind, c.Close.FirstCloser)
		for _, tr := range c.Transitions {
			fmt.Fprintln(&b, tr.Side, tr.From, tr.To, tr.Frame, tr.Proof, tr.Cause)
		}
		var names []string
		for _, a := range c.Anomalies {
			names = append(names, fmt.Sprint(a.Name, a.Side, a.Frames, a.Count))
		}
		sort.Strings(names)
		fmt.Fprintln(&b, names)
	}
	return b.String()
}
