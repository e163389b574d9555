package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// illegalFlags are the combinations of control bits that no endpoint sends: what
// follows them says more about the sender than about the connection.
var illegalFlags = flow.Facts(flow.NoFlags, flow.XmasFlags, flow.SYNAndFIN, flow.SYNAndRST, flow.FINWithoutACK, flow.NoACKNoSYN)

// flagCheck makes the check of one illegal combination of control bits.
func flagCheck(name record.CheckName, title string, fact flow.Fact, filter, condition, seen, expected string, peers []record.PeerName) *Check {
	return &Check{
		Name: name, Title: title, Family: "header", Severity: record.SeverityWarning, Rule: "RFC 9293 §3.1",
		Condition: condition, Benign: []string{"a port scanner, or OS fingerprinting", "a broken middlebox"},
		Peers: peers, Filter: filter, Facts: flow.Facts(fact),
		OncePerTemplate: "looks at the flags",
		Judge: eachSideShowing(fact, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
			return Finding{
				Seen: seen, Expected: expected,
				Message: fmt.Sprintf("Frame %d has the flags [%s], which no TCP implementation sends.", k.Frame.Number(), k.Segment.Flags),
			}
		}),
	}
}
