package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var synURG = &Check{
	Name: record.CheckSYNURG, Title: "SYN with URG", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.5",
	Condition:       "A SYN has URG set: there is no data yet that could be urgent.",
	Benign:          []string{"OS fingerprinting by a scanner"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "baroque_SYN"}},
	Filter:          "tcp.flags.syn == 1 && tcp.flags.urg == 1",
	Facts:           flow.Facts(flow.SYNUrgent),
	OncePerTemplate: "looks at the flags",
	Judge: eachSideShowing(flow.SYNUrgent, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: "SYN, URG", Expected: "SYN", Message: fmt.Sprintf("The SYN in frame %d has the URG flag.", k.Frame.Number())}
	}),
}
