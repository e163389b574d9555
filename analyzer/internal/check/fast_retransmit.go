package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var fastRetransmit = &Check{
	Name: record.CheckFastRetransmit, Title: "fast retransmission", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 5681 §3.2, RFC 6675, RFC 8985",
	Condition: "A segment is sent again because duplicate ACKs or selective ACKs say that it is missing while later ones arrived.",
	Benign:    []string{"loss on the path", "segments overtaken by more than the sender's patience"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.fast_retransmission"}},
	Filter:    "tcp.analysis.fast_retransmission || tcp.analysis.retransmission",
	Facts:     flow.Facts(flow.Retransmission, flow.LateFill),
	Judge:     judgeResent(flow.KindFast, "on the word of its peer's ACKs"),
}
