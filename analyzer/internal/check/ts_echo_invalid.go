package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var tsEchoInvalid = &Check{
	Name: record.CheckTSEchoInvalid, Title: "TSecr of a timestamp never sent", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 7323 §3.2",
	Condition: "TSecr is below the first or more than 100,000 ticks above the latest TSval that the peer has sent.",
	Benign:    []string{"a middlebox that rewrites timestamps in one direction only", "the two directions were captured out of order"},
	Filter:    "tcp.options.timestamp.tsecr", Needs: Whole | InStep,
	Facts: flow.Facts(flow.EchoInvalid),
	Judge: eachSideShowing(flow.EchoInvalid, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		latest, _ := f.Conn.End[side.Peer()].LatestTimestamp()
		return Finding{
			Seen: fmt.Sprintf("TSecr %d", k.Segment.TSEcr), Expected: fmt.Sprintf("%d to %d", f.Dir[side.Peer()].SYNTimestamp, latest),
			Message: fmt.Sprintf("Frame %d echoes TSval %d, which the %s never sent.", k.Frame.Number(), k.Segment.TSEcr, side.Peer()),
		}
	}),
}
