package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var fastRetransmit = &Check{
	Name: record.CheckFastRetransmit, Title: "fast retransmit", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 5681 §3.2, RFC 6675, RFC 8985",
	Condition:       "A segment is retransmitted because duplicate ACKs or SACK report it missing while later segments arrived.",
	Benign:          []string{"loss on the path", "reordering beyond the sender's reordering threshold"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.fast_retransmission"}},
	Filter:          "tcp.analysis.fast_retransmission || tcp.analysis.retransmission",
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Judge:           judgeResent("by fast retransmit, triggered by duplicate ACKs/SACK", flow.KindFast),
}
