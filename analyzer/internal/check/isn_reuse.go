package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var isnReuse = &Check{
	Name: record.CheckISNReuse, Title: "same ISN as the previous connection", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.4.1 (MUST-8, SHLD-1)",
	Condition: "A side uses the same ISN as in the previous connection on the same addresses and ports.",
	Benign:    []string{"replayed traffic", "a proxy or a test that builds its own segments", "the same SYN cookie within a minute"},
	Filter:    "tcp.flags.syn == 1 && tcp.seq_raw",

	OncePerTemplate: "one with the ISN of the earlier connection of the 4-tuple gets no template",
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
				Seen: fmt.Sprintf("ISN %d again", e.ISS), Expected: "a new one",
				Message: fmt.Sprintf("The %s's SYN in frame %d has ISN %d, as in the connection that began in frame %d.", side, e.Syn.Frame.Number(), e.ISS, pre.First.Number()),
			})
		}
	},
}
