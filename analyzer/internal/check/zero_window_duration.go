package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var zeroWindowDuration = &Check{
	Name: record.CheckZeroWindowDuration, Title: "zero window for long", Family: "window",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.6.1",
	Condition:       "A zero window lasts for more than a second, and more than the peer's retransmission timeout, before the peer has finished sending.",
	Benign:          []string{"an application that pauses on purpose, such as a paused download"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.zero_window"}, {Tool: "argus", Name: "flags S, D, @"}},
	Filter:          "tcp.analysis.zero_window",
	Facts:           flow.Facts(flow.ZeroWindow),
	OncePerTemplate: "no segment follows a closed window of a clean connection",
	Thresholds: []Threshold{
		{Name: "after", Time: fsm.Second, Meaning: "a window stays closed for longer than this, and than the peer's retransmission timeout"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			w := f.Dir[side].WindowStats()
			rto := f.Dir[side.Peer()].RTT().RTO()
			if w.LongestZero <= max(by.Time("after"), rto) {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{w.ZeroFrame}, Count: 1, Cost: f.Dir[side].ZeroWindowTime,
				Seen: "window 0 for " + phrase.Elapsed(w.LongestZero), Expected: "open again within a retransmission timeout",
				Message: fmt.Sprintf("The %s's zero window, advertised in frame %d, lasted %s: its application did not read.", side, w.ZeroFrame.Number(), phrase.Elapsed(w.LongestZero)),
			})
		}
	},
	Pending: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			frame, since := f.Dir[side].ShutSince()
			closed := f.Until - since
			if frame == 0 || closed <= max(by.Time("after"), f.Dir[side.Peer()].RTT().RTO()) {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{frame}, Count: 1, Since: since,
				Seen: "window 0 for " + phrase.Elapsed(closed), Expected: "open again within a retransmission timeout",
				Message: fmt.Sprintf("The %s's window, closed in frame %d, has not opened for %s: its application does not read.", side, frame.Number(), phrase.Elapsed(closed)),
			})
		}
	},
}
