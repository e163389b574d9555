package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var isnReuse = &Check{
	Name: record.CheckISNReuse, Title: "same initial number as the connection before", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.4.1 (MUST-8, SHLD-1)",
	Condition: "A side opens with the very initial sequence number that it had in the earlier connection on the same addresses and ports.",
	Benign:    []string{"a capture replayed", "a proxy or a test that builds its own segments", "a SYN cookie repeated within a minute"},
	Filter:    "tcp.flags.syn == 1 && tcp.seq_raw",
	Judge: func(f *flow.Flow, found func(Finding)) {
		pre := f.Previous
		if pre == nil {
			return
		}
		for _, side := range sides {
			before := 0
			if pre.Ends[1] == f.Ends[side] {
				before = 1
			}
			e := &f.Conn.End[side]
			if !e.SYNCaptured() || !pre.HasISN[before] || pre.ISN[before] != e.ISS {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{e.Syn.Frame}, Count: 1,
				Seen: fmt.Sprintf("initial number %d again", e.ISS), Expected: "a new one",
				Message: fmt.Sprintf("The %s opened in frame %d with initial number %d, the number that the connection begun in frame %d had.", side, e.Syn.Frame.Number(), e.ISS, pre.First.Number()),
			})
		}
	},
}
