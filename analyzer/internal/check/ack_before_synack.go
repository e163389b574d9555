package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var ackBeforeSYNACK = &Check{
	Name: record.CheckACKBeforeSYNACK, Title: "ACK before the SYN-ACK", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition: "A side in SYN-SENT sends a bare ACK, and the SYN-ACK is captured more than 5 ms later.",
	Benign:    []string{"the two directions were captured out of order", "an earlier SYN-ACK was not captured"},
	Filter:    "tcp.flags == 0x010 && !(tcp.completeness & 2)", Needs: InStep | Whole,
	Facts: flow.Facts(flow.EarlySegment),
	Judge: judgeEarly(func(k *flow.NotableSegment) bool { return k.Segment.Len == 0 && !k.Segment.Flags.Has(fsm.FIN) }, func(side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "ACK in SYN-SENT", Expected: "the SYN-ACK first",
			Message: fmt.Sprintf("The %s sent an ACK in frame %d before its SYN was answered.", side, k.Frame.Number()),
		}
	}),
}
