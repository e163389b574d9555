package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var tinySegments = &Check{
	Name: record.CheckTinySegments, Title: "data in crumbs", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.7.4 (SHLD-7)",
	Condition: "A side sends 30 segments or more in a row, each with less than half of what the peer takes in one, each within 10 ms of the one before, and without an answer in between.",
	Benign:    []string{"an application that must send small messages at once and turns Nagle's algorithm off", "a small window"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:12"}},
	Filter:    "tcp.len > 0 && tcp.len < 700",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			w := f.Dir[side].WindowStats()
			if w.TinyRun.N < 30 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: w.TinyRun.Frames, Count: w.TinyRun.N,
				Seen: fmt.Sprintf("%d segments of %d octets on average", w.TinyRun.N, w.TinyBytes/uint64(w.TinyRun.N)), Expected: "full segments",
				Message: fmt.Sprintf("The %s sent %d small segments in one go, from frame %d on, with %d octets in all.", side, w.TinyRun.N, w.TinyRun.Frames[0].Number(), w.TinyBytes),
			})
		}
	},
}
