package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var blindSYN = &Check{
	Name: record.CheckBlindSYN, Title: "SYN that its sender did not send", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §4)",
	Condition: "A SYN with another initial number comes on an open connection, and its supposed sender goes on with the connection as if nothing had been.",
	Benign:    []string{"an old SYN delayed in the network", "an application on another host behind the same address translator"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:1"}, {Tool: "Zeek", Name: "SYN_inside_connection"}},
	Filter:    "tcp.flags.syn == 1 && tcp.analysis.reused_ports", Needs: Beginning,
	Meaning: fsm.SYNInSync,
	Judge: func(f *flow.Flow, found func(Finding)) {
		judgeForeignSYN(f, true, func(side fsm.Side, k *flow.NotableSegment, frames []fsm.Frame) {
			found(Finding{
				Side: side.String(), Frames: frames, Seen: fmt.Sprintf("SYN with number %d", k.Segment.Seq), Expected: "no SYN",
				Message: fmt.Sprintf("The SYN in frame %d claims to be the %s's, which went on with the open connection: forged, or long delayed.", k.Frame.Number(), side),
			})
		})
	},
}
