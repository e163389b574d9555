package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var rstWithData = &Check{
	Name: record.CheckRSTWithData, Title: "RST with data", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5.3 (SHLD-2)",
	Condition:       "A RST carries data, such as a text that gives the reason; it is not part of the stream.",
	Benign:          []string{"some stacks add a reason as text"},
	Peers:           []record.PeerName{{Tool: "Suricata", Name: "stream.rst_with_data"}, {Tool: "Snort", Name: "129:18"}},
	Filter:          "tcp.flags.reset == 1 && tcp.len > 0",
	Facts:           flow.Facts(flow.RSTData),
	OncePerTemplate: "looks at the flags, and whether there is data",
	Judge: eachSideShowing(flow.RSTData, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: phrase.Bytes(k.Segment.Len), Expected: "none, as a rule",
			Message: fmt.Sprintf("The RST in frame %d carries %s.", k.Frame.Number(), phrase.Bytes(k.Segment.Len)),
		}
	}),
}
