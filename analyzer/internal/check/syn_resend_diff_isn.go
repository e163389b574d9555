package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var synResendDiffISN = &Check{
	Name: record.CheckSYNResendDiffersISN, Title: "new attempt from the same port", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.4.1",
	Condition: "A SYN with another ISN follows an unanswered SYN on the same addresses and ports. It is counted as a connection of its own.",
	Benign:    []string{"an application that binds its source port tries again", "a health check or scanner with a fixed source port"},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.3whs_syn_resend_diff_seq_on_syn_recv"}, {Tool: "Zeek", Name: "SYN_seq_jump"}, {Tool: "Arkime", Name: "srcISNCnt"},
	},
	Filter: "tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.reused_ports",

	OncePerTemplate: "the key tells whether the earlier connection of the 4-tuple was answered",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.Previous == nil || !f.Previous.Unanswered || f.SYN.Frame == 0 {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame},
			Seen: fmt.Sprintf("ISN %d", f.Conn.End[fsm.Client].ISS), Expected: "the same SYN retransmitted",
			Message: fmt.Sprintf("The client started a new attempt in frame %d after its SYN in frame %d was never answered.", f.SYN.Frame.Number(), f.Previous.First.Number()),
		})
	},
}
