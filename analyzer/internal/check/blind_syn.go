package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var blindSYN = &Check{
	Name: record.CheckBlindSYN, Title: "SYN probably forged (blind injection)", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §4)",
	Condition: "A SYN with another ISN arrives on an open connection, or on one whose SYN-ACK its side has sent, and its supposed sender continues the connection as if it had sent none.",
	Benign:    []string{"an old SYN delayed in the network", "another host behind the same NAT"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:1"}, {Tool: "Zeek", Name: "SYN_inside_connection"}},
	Filter:    "tcp.flags.syn == 1 && tcp.analysis.reused_ports", Needs: Beginning,
	Meaning: fsm.SYNInSync,
	Judge: func(f *flow.Flow, found func(Finding)) {
		judgeForeignSYN(f, true, func(side fsm.Side, k *flow.NotableSegment, frames []fsm.Frame) {
			found(Finding{
				Side: side.String(), Frames: frames, Seen: fmt.Sprintf("SYN with ISN %d", k.Segment.Seq), Expected: "no SYN",
				Message: fmt.Sprintf("The SYN in frame %d comes in the name of the %s, which continued the connection: forged, or long delayed.", k.Frame.Number(), side),
			})
		})
	},
}
