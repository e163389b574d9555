package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var zwpAbsent = &Check{
	Name: record.CheckZeroWindowProbeAbsent, Title: "zero window never probed", Family: "window",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.6.1 (MUST-36)",
	Condition: "A zero window lasted for more than 5 s, the peer sent nothing at all meanwhile, and sent data at once when the window opened: had that window update been lost, both would have waited for ever.",
	Benign:    []string{"the application wrote its data just when the window opened", "the probes were not captured"},
	Filter:    "tcp.analysis.zero_window || tcp.analysis.window_update", Needs: BothSides | Whole,
	Facts:           flow.Facts(flow.ZeroWindow),
	OncePerTemplate: "a clean connection does not open a closed window",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			u := f.Dir[side.Peer()].WindowStats().Unprobed
			if u.Span == 0 {
				continue
			}
			found(Finding{
				Side: side.Peer().String(), Frames: []fsm.Frame{u.Closed, u.Open}, Count: 1,
				Seen: "no probe in " + phrase.Elapsed(u.Span), Expected: "a window probe after a retransmission timeout",
				Message: fmt.Sprintf("The %s did not probe the zero window of frame %d, though it had data to send when frame %d opened it %s later.",
					side.Peer(), u.Closed.Number(), u.Open.Number(), phrase.Elapsed(u.Span)),
			})
		}
	},
}
