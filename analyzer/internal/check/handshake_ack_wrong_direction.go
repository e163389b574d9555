package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var handshakeACKWrongDirection = &Check{
	Name: record.CheckHandshakeACKWrongDirection, Title: "bare ACK in SYN-RECEIVED", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition: "A side in SYN-RECEIVED, whose own SYN is not acknowledged yet, sends a bare ACK instead of its SYN-ACK.",
	Benign:    []string{"the ACK of its SYN was not captured", "it answers a segment that was not acceptable"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.3whs_ack_in_wrong_dir"}},
	Filter:    "tcp.flags == 0x010 && !(tcp.completeness & 2)", Needs: Whole,
	Meaning: fsm.ACKBeforeACK,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if f.Conn.End[side.Peer()].FastOpen {
				continue
			}
			if frames, k := notable(f, side, fsm.ACKBeforeACK); k != nil {
				found(Finding{
					Side: side.String(), Frames: frames, Seen: "bare ACK in SYN-RECEIVED", Expected: "SYN-ACK, then the peer's ACK",
					Message: fmt.Sprintf("The %s sent a bare ACK in frame %d before its own SYN was acknowledged.", side, k.Frame.Number()),
				})
			}
		}
	},
}
