package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var zwpUnanswered = &Check{
	Name: record.CheckZeroWindowProbeUnanswered, Title: "window probes unanswered", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.6.1, §3.10.7.4",
	Condition: "Three or more window probes in a row, each half a second or more after the peer was last heard, got no ACK, and the peer was heard again later: it was alive, and owed them one.",
	Benign:    []string{"the path was down for a while, or lost the probes or their answers", "the answers were not captured"},
	Filter:    "tcp.analysis.zero_window_probe", Needs: BothSides | Whole,
	Facts: flow.Facts(flow.WindowProbe),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			u := f.Dir[side.Peer()].WindowStats().Unanswered
			if u.N < leastUnanswered {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: u.Frames, Count: u.N,
				Seen: "no answer to " + phrase.Counted(u.N, "probe", "probes"), Expected: "an ACK of each",
				Message: fmt.Sprintf("The %s left %s of its closed window unanswered, %s, and was heard again later.",
					side, phrase.Counted(u.N, "probe", "probes"), firstIn(u.N, u.Frames[0])),
			})
		}
	},
}

// leastUnanswered is how many probes in a row must go without an answer to be told: one or
// two may be lost.
const leastUnanswered = 3
