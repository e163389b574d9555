package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var tsUnnegotiated = &Check{
	Name: record.CheckTSUnnegotiated, Title: "timestamps not negotiated", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 7323 §3.2",
	Condition:       "A segment carries timestamps although not both SYNs did, or the SYN that it answers did not. Of several SYNs of the client the one counts that the SYN-ACK answers.",
	Benign:          []string{"a middlebox removed the option from one SYN"},
	Filter:          "tcp.options.timestamp.tsval && tcp.flags.syn == 0",
	Facts:           flow.Facts(flow.TimestampUnagreed),
	OncePerTemplate: "looks at whether there are timestamps",
	Judge: eachSideShowing(flow.TimestampUnagreed, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "timestamps", Expected: "none",
			Message: fmt.Sprintf("Frame %d carries timestamps, which were not negotiated.", k.Frame.Number()),
		}
	}),
}
