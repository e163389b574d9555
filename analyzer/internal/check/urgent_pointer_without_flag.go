package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var urgentPtrNoFlag = &Check{
	Name: record.CheckUrgentPointerNoFlag, Title: "urgent pointer without URG", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.1",
	Condition: "The urgent pointer is not zero although URG is not set, so it has no meaning.",
	Benign:    []string{"a stack that does not clear the field"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.urgent_pointer.non_zero"}, {Tool: "Snort", Name: "116:419"}},
	Filter:    "tcp.urgent_pointer != 0 && tcp.flags.urg == 0",
	Facts:     flow.Facts(flow.UrgentWithoutFlag),
	Judge: eachSideShowing(flow.UrgentWithoutFlag, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: fmt.Sprintf("urgent pointer %d", k.Segment.Urgent), Expected: "0 without URG",
			Message: fmt.Sprintf("Frame %d has urgent pointer %d without the URG flag.", k.Frame.Number(), k.Segment.Urgent),
		}
	}),
}
