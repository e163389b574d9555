package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var urgentPtrInvalid = &Check{
	Name: record.CheckUrgentPointerInvalid, Title: "URG with urgent pointer 0", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.5 (MUST-62)",
	Condition:       "URG is set and the urgent pointer is 0, so no data is urgent.",
	Benign:          []string{"OS fingerprinting by a scanner", "a middlebox that clears the pointer but not the flag"},
	Filter:          "tcp.flags.urg == 1 && tcp.urgent_pointer == 0",
	Facts:           flow.Facts(flow.UrgentData),
	OncePerTemplate: "looks at the flags, and whether the urgent pointer is 0",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, 0, flow.Facts(flow.UrgentData), func(k *flow.NotableSegment) bool {
				return k.Segment.Urgent == 0 && !k.Facts.Any(illegalFlags)
			})
			if first == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames, Seen: "URG, pointer 0", Expected: "a pointer to urgent data",
				Message: fmt.Sprintf("Frame %d of the %s has URG set and an urgent pointer of 0.", first.Frame.Number(), side),
			})
		}
	},
}
