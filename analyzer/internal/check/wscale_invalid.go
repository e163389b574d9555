package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var wscaleInvalid = &Check{
	Name: record.CheckWindowScaleInvalid, Title: "window scale above 14", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 7323 §2.3",
	Condition: "A SYN offers a window scale above 14. The receiver must use 14 instead.",
	Benign:    []string{"a fuzzer, or a broken stack"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.wscale.shift.invalid"}, {Tool: "Zeek", Name: "TCP_scale_range"}, {Tool: "Snort", Name: "116:59"}},
	Filter:    "tcp.options.wscale.shift > 14",
	Facts:     flow.Facts(flow.ScaleInvalid),

	OncePerTemplate: "looks at whether the window scale is above 14",
	Judge: eachSideShowing(flow.ScaleInvalid, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: fmt.Sprintf("window scale %d", k.Segment.WindowScale), Expected: "at most 14",
			Message: fmt.Sprintf("The SYN in frame %d offers window scale %d; 14 is used.", k.Frame.Number(), k.Segment.WindowScale)}
	}),
}
