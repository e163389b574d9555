package analyzer_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// cases says what must be true of each capture in testdata/pcaps/cases, which are
// described there.
var cases = map[string]func(r *record.Report) bool{
	"one-octet-resent-kernel.pcap": func(r *record.Report) bool {
		t := &r.Connections[0].Traffic[fsm.Client]
		return t.Retransmissions == 7 && t.Keepalive.Probes == 0 // the kernel's own counts
	},
	"keepalive-octet-at-fin.pcap": func(r *record.Report) bool {
		return !finds(r, record.CheckDataAfterFIN) && labelled(r, 8, "keepalive") && labelled(r, 12, "keepalive")
	},
	"keepalive-dead-then-fin.pcap": func(r *record.Report) bool {
		return endedBy(r, record.VerdictDeadByKeepalive) && finds(r, record.CheckKeepaliveDeadPeer)
	},
}

// TestCases holds each of the cases against what must be true of it.
func TestCases(t *testing.T) {
	const dir = "../testdata/pcaps/cases/"
	captures, _ := filepath.Glob(dir + "*.pcap")
	if len(captures) != len(cases) {
		t.Errorf("%d captures, %d cases", len(captures), len(cases))
	}
	for name, holds := range cases {
		source, err := capture.Open(dir + name)
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{Segments: func(uint64) bool { return true }})
		source.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !holds(r) {
			t.Errorf("%s: what must be true is not; see it in %s%s", name, dir, name)
		}
	}
}

// finds reports whether a connection has the finding.
func finds(r *record.Report, name record.CheckName) bool {
	return slices.ContainsFunc(r.Connections, func(c *record.Connection) bool {
		return slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool { return a.Name == name })
	})
}

// endedBy reports whether the connections' verdicts are these, in order.
func endedBy(r *record.Report, codes ...record.VerdictCode) bool {
	return slices.EqualFunc(r.Connections, codes, func(c *record.Connection, code record.VerdictCode) bool { return c.Verdict.Code == code })
}

// labelled reports whether the segment in the frame has the label.
func labelled(r *record.Report, f fsm.Frame, label record.Label) bool {
	for _, c := range r.Connections {
		for i := range c.Segments {
			if s := &c.Segments[i]; s.Frame.Number() == uint64(f) && slices.Contains(s.Labels, label) {
				return true
			}
		}
	}
	return false
}
