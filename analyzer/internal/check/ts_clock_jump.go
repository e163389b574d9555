package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var tsClockJump = &Check{
	Name: record.CheckTSClockJump, Title: "timestamp clock jumps", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 7323 §5.4",
	Condition: "TSval moves ahead by more than 16 million ticks within 10 s, more than a clock of microseconds would. A clock that goes back is told by paws-reject.",
	Benign:    []string{"two hosts behind one address", "a virtual machine that was moved or woken"},
	Filter:    "tcp.options.timestamp.tsval",
	Facts:     flow.Facts(flow.ClockJump),
	Judge: eachSideShowing(flow.ClockJump, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: fmt.Sprintf("TSval %d", k.Segment.TSVal), Expected: fmt.Sprintf("soon after %d", k.TSRecent),
			Message: fmt.Sprintf("The %s's timestamp clock jumped ahead by %s in frame %d.", side, phrase.Counted(k.Segment.TSVal-k.TSRecent, "tick", "ticks"), k.Frame.Number()),
		}
	}),
}
