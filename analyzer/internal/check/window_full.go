package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var windowFull = &Check{
	Name: record.CheckWindowFull, Title: "window-limited (window full)", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.6",
	Condition: "A side fills the peer's receive window three times or more, and spends at least a tenth of the time in which it sends data, and 10 ms, waiting for it to open.",
	Benign:    []string{"a receiver that reads more slowly than the path delivers", "a receive buffer too small for the path"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.window_full"}},
	Filter:    "tcp.analysis.window_full", Needs: Scales,
	Facts: flow.Facts(flow.WindowFull),
	Thresholds: []Threshold{
		{Name: "times", Count: 3, Meaning: "the window is filled so often"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			n := f.CountFact(side, flow.WindowFull)
			busy, waited := d.LastData-d.FirstData, f.WaitedForRoom(side)
			if n < by.Count("times") || waited < 10_000_000 || 10*waited < busy {
				continue
			}
			var cost fsm.Time // none where it was not what held the data back, or where the window was closed, which has its own
			if closed := f.Dir[side.Peer()].ZeroWindowTime; waited >= fsm.Second && 2*waited >= busy && 2*closed < waited {
				cost = waited - closed
			}
			frames, _ := notable(f, side, 0, flow.WindowFull)
			found(Finding{
				Side: side.String(), Frames: frames, Count: n, Cost: cost,
				Seen:     fmt.Sprintf("window full %s, %s of %s spent waiting", phrase.Times(n), phrase.Elapsed(waited), phrase.Elapsed(max(busy, waited))),
				Expected: "a window larger than the data in flight",
				Message: fmt.Sprintf("The %[2]s was limited by the %[1]s's receive window: full %[3]s, %[4]s, for %[5]s in all.",
					side.Peer(), side, phrase.Times(n), firstIn(n, frames[0]), phrase.Elapsed(waited)),
			})
		}
	},
}
