package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var inappropriateFIN = &Check{
	Name: record.CheckInappropriateFIN, Title: "FIN before the SYN was answered", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.4",
	Condition: "A side in SYN-SENT sends a FIN, and the SYN-ACK is captured more than 5 ms later. A CLOSE in SYN-SENT sends nothing.",
	Benign:    []string{"the two directions were captured out of order", "an earlier SYN-ACK was not captured"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "inappropriate_FIN"}},
	Filter:    "tcp.flags.fin == 1 && !(tcp.completeness & 2)", Needs: InStep | Whole,
	Facts: flow.Facts(flow.EarlySegment),
	Judge: judgeEarly(func(k *flow.NotableSegment) bool { return k.Segment.Len == 0 && k.Segment.Flags.Has(fsm.FIN) }, func(side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "FIN in SYN-SENT", Expected: "the SYN-ACK first",
			Message: fmt.Sprintf("The %s sent a FIN in frame %d before its SYN was answered.", side, k.Frame.Number()),
		}
	}),
}
