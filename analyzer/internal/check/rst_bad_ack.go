package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var rstBadAck = &Check{
	Name: record.CheckRSTBadACK, Title: "RST with an invalid ack in SYN-SENT", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.7.3",
	Condition: "A RST arrives in SYN-SENT that does not acknowledge the SYN: it must be dropped.",
	Benign:    []string{"a middlebox that sends RSTs without tracking the connection", "a RST of an earlier connection on the same ports"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.rst_invalid_ack"}},
	Filter:    "tcp.flags.reset == 1 && tcp.analysis.ack_lost_segment",
	Meaning:   fsm.RSTBadAck,
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.AllFacts.Any(illegalFlags) {
			return
		}
		for _, side := range sides {
			if frames, k := notable(f, side, fsm.RSTBadAck); k != nil {
				found(Finding{
					Side: side.String(), Frames: frames, Seen: fmt.Sprintf("ack %d", k.Segment.Ack), Expected: fmt.Sprintf("ack %d", f.Conn.End[side.Peer()].ISS+1),
					Message: fmt.Sprintf("The RST in frame %d does not acknowledge the SYN, so the %s must ignore it.", k.Frame.Number(), side.Peer()),
				})
			}
		}
	},
}
