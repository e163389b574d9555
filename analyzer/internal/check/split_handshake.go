package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var splitHandshake = &Check{
	Name: record.CheckSplitHandshake4Way, Title: "split handshake", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.5",
	Condition: "The server answers the SYN with a SYN of its own instead of a SYN-ACK, and only the client sends a SYN-ACK, which reverses the roles in the handshake.",
	Benign:    []string{"a true simultaneous open of which the server's SYN-ACK was not captured"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.4whs_*"}, {Tool: "Snort", Name: "129:13"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
	Meaning:   fsm.SYNCrossed,
	Judge: func(f *flow.Flow, found func(Finding)) {
		frames, k := notable(f, fsm.Server, fsm.SYNCrossed)
		if k == nil || !f.SplitHandshake() {
			return
		}
		found(Finding{
			Side: "server", Frames: append([]fsm.Frame{f.SYN.Frame}, frames...), Count: 1,
			Seen: "a bare SYN from the server", Expected: "a SYN-ACK",
			Message: fmt.Sprintf("The server answered the SYN with a bare SYN in frame %d; the client, not the server, sent the SYN-ACK.", k.Frame.Number()),
		})
	},
}
