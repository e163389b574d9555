package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var handshakeSYNACKWrongDirection = &Check{
	Name: record.CheckHandshakeSYNACKWrongDirection, Title: "SYN-ACK from the side that sent the SYN", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.5",
	Condition: "A side in SYN-SENT sends a SYN-ACK although it was sent no SYN: neither a simultaneous open nor a split handshake.",
	Benign:    []string{"the SYN that it answers was not captured"},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_synack_in_wrong_direction"}, {Tool: "Zeek", Name: "connection_originator_SYN_ack"},
	},
	Filter:  "tcp.flags.syn == 1 && tcp.flags.ack == 1",
	Meaning: fsm.SYNACKUninvited,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if frames, k := notable(f, side, fsm.SYNACKUninvited); k != nil {
				found(Finding{
					Side: side.String(), Frames: frames,
					Seen: "SYN-ACK from the sender of the SYN", Expected: "SYN-ACK from the other side",
					Message: fmt.Sprintf("The %s opened with a SYN and then sent a SYN-ACK in frame %d, which answers nothing.", side, k.Frame.Number()),
				})
			}
		}
	},
}
