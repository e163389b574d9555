package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var ackNonzeroWithoutFlag = &Check{
	Name: record.CheckACKNonzeroWithoutFlag, Title: "acknowledgment number without the ACK flag", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.1",
	Condition: "The acknowledgment number is not zero although the ACK flag is not set. RSTs are left out: many stacks do not clear the field on them.",
	Benign:    []string{"a stack that does not clear the field", "a scanner"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.ack.nonzero"}, {Tool: "Suricata", Name: "stream.pkt_broken_ack"}},
	Filter:    "tcp.flags.ack == 0 && tcp.ack_raw != 0",
	Facts:     flow.Facts(flow.AckWithoutFlag),

	OncePerTemplate: "looks at the flags, and whether the acknowledgment number is 0",
	Judge: eachSideShowing(flow.AckWithoutFlag, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: fmt.Sprintf("ack %d without the ACK flag", k.Segment.Ack), Expected: "0",
			Message: fmt.Sprintf("Frame %d has acknowledgment number %d without the ACK flag.", k.Frame.Number(), k.Segment.Ack)}
	}),
}
