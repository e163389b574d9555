package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var tlpProbe = &Check{
	Name: record.CheckTLPProbe, Title: "tail loss probe", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 8985 §7",
	Condition:       "The last segment sent is retransmitted after about two RTTs without an ACK, before the retransmission timer expires, to find out whether the tail was lost.",
	Benign:          []string{"an ACK that was only delayed, which a DSACK then shows"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.retransmission"}},
	Filter:          "tcp.analysis.retransmission",
	Facts:           flow.Facts(flow.Retransmission, flow.LateFill),
	OncePerTemplate: "no data of a clean connection is sent again",
	Judge:           judgeResent("as tail loss probe", flow.KindProbe),
}
