package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var halfCloseLong = &Check{
	Name: record.CheckHalfCloseLong, Title: "half-closed for long", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.6.1",
	Condition: "One side's FIN was acknowledged and the other side kept sending data for more than 60 s after it.",
	Benign:    []string{"legal: rsh, ssh and some HTTP/1.0 clients half-close early"},
	Filter:    "tcp.completeness & 16 && tcp.len > 0",

	OncePerTemplate: "nobody sends data after a FIN of a clean connection",
	Thresholds: []Threshold{
		{Name: "after", Time: 60 * fsm.Second, Meaning: "the other side sends data for longer than this after a FIN"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			fin := f.FIN(side)
			peer := &f.Dir[side.Peer()]
			if fin == nil || f.FINAcked[side].Nth == 0 || peer.LastData-fin.Time <= by.Time("after") {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{fin.Frame, peer.LastDataFrame}, Count: 1,
				Seen: "data for " + phrase.Elapsed(peer.LastData-fin.Time), Expected: "both directions closed soon",
				Message: fmt.Sprintf("The %s half-closed in frame %d and the %s kept sending for %s.", side, fin.Frame.Number(), side.Peer(), phrase.Elapsed(peer.LastData-fin.Time)),
			})
		}
	},
}
