package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var tfoIgnored = &Check{
	Name: record.CheckFastOpenIgnored, Title: "Fast Open data not accepted", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 7413 §4.2",
	Condition: "The SYN carried data with Fast Open and the SYN-ACK acknowledges the SYN alone, so the data must be retransmitted.",
	Benign:    []string{"the cookie was no longer valid", "the server does not support Fast Open, or a middlebox removed the option"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.tfo_ignored"}, {Tool: "Suricata", Name: "stream.3whs_synack_tfo_data_ignored"}},
	Filter:    "tcp.analysis.tfo_ignored",
	Facts:     flow.Facts(flow.FastOpenIgnored),
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.AllFacts.Has(flow.SYNData) {
			return // without the option nothing had to take it: syn-with-data tells of that
		}
		eachSideShowing(flow.FastOpenIgnored, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
			return Finding{
				Seen: "ack " + number(f, side.Peer(), k.Segment.Ack), Expected: "an ack of the SYN's data",
				Message: fmt.Sprintf("The SYN-ACK in frame %d acknowledges the SYN but not its data.", k.Frame.Number()),
			}
		})(f, found)
	},
}
