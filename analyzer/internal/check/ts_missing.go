package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var tsMissing = &Check{
	Name: record.CheckTSMissing, Title: "timestamp missing", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 7323 §3.2",
	Condition: "Timestamps were negotiated, and a later segment other than a RST has none. The receiver should drop it.",
	Benign:    []string{"a middlebox removes options"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:14"}},
	Filter:    "!tcp.options.timestamp.tsval && tcp.flags.reset == 0",
	Facts:     flow.Facts(flow.TimestampMissing),
	Judge: eachSideShowing(flow.TimestampMissing, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "no timestamp", Expected: "a timestamp, as negotiated",
			Message: fmt.Sprintf("Frame %d has no timestamp although timestamps were negotiated.", k.Frame.Number()),
		}
	}),
}
