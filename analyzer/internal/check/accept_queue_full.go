package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var acceptQueueFull = &Check{
	Name: record.CheckAcceptQueueFull, Title: "accept queue probably full", Family: "time",
	Severity: record.SeverityNote, Rule: "observer: a server that has no room for the connection drops the ACK of its SYN-ACK and the data behind it",
	Condition: "The client acknowledged the SYN-ACK and sent its data again for more than 1 s, three times or more unless the tap is near the server, before the server sent anything but its SYN-ACK. Nothing counts that another tap shows to be lost. If the server never does, it counts as vanished.",
	Benign:    []string{"the server's host stood still: suspended, or overloaded", "away from the server: all that the client sent was lost for that time, or held back by a firewall"},
	Filter:    "tcp.analysis.retransmission", Needs: BothSides | Whole | InStep,
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Thresholds: []Threshold{
		{Name: "after", Time: fsm.Second, Meaning: "the server sends nothing but its SYN-ACK for longer than this", Wait: true},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		l := lossStalls(f, fsm.Client)
		if l == nil || l.Untaken.Time <= by.Time("after") {
			return
		}
		w, which, doubt := l.Untaken, "was captured near the server and ", ""
		if !f.NearServer() {
			which, doubt = "was ", "not captured near the server: all of it may have been lost on the way"
		}
		found(Finding{
			Side: fsm.Server.String(), Frames: stallFrames(&w), Count: 1, Cost: w.Time, From: w.Since, To: w.Since + w.Time, Doubt: doubt,
			Seen: "nothing but SYN-ACKs for " + phrase.Elapsed(w.Time), Expected: "an ACK within " + phrase.Elapsed(by.Time("after")),
			Message: fmt.Sprintf("The server sent nothing but its SYN-ACK until frame %d, %s after the client's data in frame %d, which %sretransmitted %s, first in frame %d: its accept queue was probably full.",
				w.To.Number(), phrase.Elapsed(w.Time), w.From.Number(), which, phrase.Times(w.Times), w.First.Number()),
		})
	},
}
