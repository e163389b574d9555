package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var simultaneousOpen = &Check{
	Name: record.CheckSimultaneousOpen, Title: "simultaneous open", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition: "Each side sent a SYN before it received the other's, and both answered with a SYN-ACK (RFC 9293 Figure 7).",
	Benign:    []string{"NAT hole punching, which does it on purpose"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "simultaneous_open"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
	Meaning:   fsm.SYNCrossed,
	Judge: func(f *flow.Flow, found func(Finding)) {
		frames, k := notable(f, fsm.Server, fsm.SYNCrossed)
		if k == nil || f.SplitHandshake() {
			return
		}
		found(Finding{
			Frames: append([]fsm.Frame{f.SYN.Frame}, frames...), Count: 1,
			Seen: "SYNs that cross", Expected: "a SYN and a SYN-ACK",
			Message: fmt.Sprintf("Simultaneous open: the SYNs in frames %d and %d crossed.", f.SYN.Frame.Number(), k.Frame.Number()),
		})
	},
}
