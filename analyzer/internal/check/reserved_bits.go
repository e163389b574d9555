package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var reservedBits = &Check{
	Name: record.CheckReservedBits, Title: "reserved bits set", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.1",
	Condition: "One of the three reserved bits after the data offset is set (the fourth belongs to Accurate ECN). A receiver must ignore them.",
	Benign:    []string{"an experiment", "a broken middlebox"},
	Peers:     []record.PeerName{{Tool: "tcptrace", Name: "warn_printbadmbz"}},
	Filter:    "tcp.flags.res == 1",
	Facts:     flow.Facts(flow.ReservedBits),
	Judge: eachSideShowing(flow.ReservedBits, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: fmt.Sprintf("%03b", (k.Segment.Flags&fsm.Reserved)>>9), Expected: "000",
			Message: fmt.Sprintf("Frame %d of the %s has reserved bits set.", k.Frame.Number(), side),
		}
	}),
}
