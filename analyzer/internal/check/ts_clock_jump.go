package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var tsClockJump = &Check{
	Name: record.CheckTSClockJump, Title: "TSval jumps ahead", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 7323 §5.4",
	Condition: "TSval advances by more than 16 million ticks within 10 s, more than a microsecond clock would. A clock that goes back is reported by paws-reject.",
	Benign:    []string{"two hosts behind one address", "a virtual machine that was migrated or resumed"},
	Filter:    "tcp.options.timestamp.tsval",
	Facts:     flow.Facts(flow.ClockJump),
	Judge: eachSideShowing(flow.ClockJump, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: fmt.Sprintf("TSval %d", k.Segment.TSVal), Expected: fmt.Sprintf("soon after %d", k.TSRecent),
			Message: fmt.Sprintf("The %s's TSval jumped ahead by %s in frame %d.", side, phrase.Counted(k.Segment.TSVal-k.TSRecent, "tick", "ticks"), k.Frame.Number()),
		}
	}),
}
