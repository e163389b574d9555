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
	Condition: "A side whose SYN nobody had answered sends a bare ACK, and the SYN-ACK is captured more than 5 ms later.",
	Benign:    []string{"the two directions were captured out of order", "a first SYN-ACK was not captured"},
	Filter:    "tcp.flags == 0x010 && !(tcp.completeness & 2)", Needs: InStep | Whole,
	Facts: flow.Facts(flow.EarlySegment),
	Judge: judgeEarly(func(k *flow.NotableSegment) bool { return k.Segment.Len == 0 && !k.Segment.Flags.Has(fsm.FIN) }, func(side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "ACK in SYN-SENT", Expected: "the SYN-ACK first",
			Message: fmt.Sprintf("The %s acknowledged in frame %d before anybody had answered its SYN.", side, k.Frame.Number()),
		}
	}),
}
