package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var oldDuplicateSYN = &Check{
	Name: "old-duplicate-syn", Title: "old duplicate SYN", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition: "While the client's SYN waits for its answer, a SYN of the client with another number passes; the server answers that one and the client resets it (RFC 9293 Figure 8).",
	Benign:    []string{"a SYN of an earlier attempt was delayed in the network; the protocol recovers by itself", "a forged SYN"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "SYN_seq_jump"}, {Tool: "Suricata", Name: "stream.3whs_syn_resend_diff_seq_on_syn_recv"}},
	Meaning:   fsm.SYNInSync,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			f.Marked(side, fsm.SYNInSync, 0, func(k *flow.Mark) {
				if s := k.States[side]; s != fsm.SynSent {
					return
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{k.Frame},
					Seen: fmt.Sprintf("SYN with number %d", k.Segment.Seq), Expected: fmt.Sprintf("%d, the %s's SYN", f.Conn.End[side].ISS, side),
					Message: fmt.Sprintf("The SYN in frame %d is not the one that the %s stands by: it reset the answer.", k.Frame.Number(), side),
				})
			})
		}
	},
}
