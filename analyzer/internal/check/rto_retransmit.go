package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var rtoRetransmit = &Check{
	Name: record.CheckRTORetransmit, Title: "retransmission timeout", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 6298 §5",
	Condition:       "A segment is retransmitted because the retransmission timer expired, or in the recovery after it. The sender was stalled until then.",
	Benign:          []string{"loss on the path", "a peer that was overloaded or gone"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.rto"}},
	Filter:          "tcp.analysis.rto",
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Judge:           judgeResent("after a retransmission timeout", flow.KindTimeout, flow.KindAfterTimeout),
}
