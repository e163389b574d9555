package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var synackResendDiff = &Check{
	Name: record.CheckSYNACKResendDiffers, Title: "second SYN-ACK with another ISN", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.4.1",
	Condition: "A second SYN-ACK has another ISN while the handshake is not complete.",
	Benign: []string{
		"the server dropped its embryonic connection and answered the retransmitted SYN anew",
	},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_synack_resend_with_diff_seq"},
	},
	Filter:  "tcp.flags.syn == 1 && tcp.flags.ack == 1",
	Meaning: fsm.SYNACKChanged,
	Judge: func(f *flow.Flow, found func(Finding)) {
		if _, told := f.SecondResponder(); told {
			return // two hosts did
		}
		for _, side := range sides {
			if frames, k := notable(f, side, fsm.SYNACKChanged); k != nil {
				n, first, of := len(frames), f.SYNACK.Frame, "the first SYN-ACK"
				if side == fsm.Client { // its SYN crossed the server's
					first, of = f.SYN.Frame, "its SYN"
				}
				if first != 0 {
					frames = append([]fsm.Frame{first}, frames...)
				}
				found(Finding{
					Side: side.String(), Frames: frames, Count: n,
					Seen: fmt.Sprintf("ISN %d", k.Segment.Seq), Expected: "the ISN of " + of,
					Message: fmt.Sprintf("The %s sent another SYN-ACK in frame %d, with a new ISN.", side, k.Frame.Number()),
				})
			}
		}
	},
}
