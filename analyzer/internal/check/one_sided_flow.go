package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var oneSidedFlow = &Check{
	Name: record.CheckOneSidedFlow, Title: "only one direction captured", Family: "capture",
	Severity: record.SeverityCapture, Rule: "observer: an ACK proves a peer of which nothing was captured",
	Condition: "Only one side's segments were captured although they acknowledge the other's. Everything said of the other side is inferred.",
	Benign:    []string{"asymmetric routing", "a capture filter on one address", "a mirror (SPAN) port of one direction"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "possible_split_routing"}, {Tool: "Snort", Name: "asymmetric_flows"}},
	Filter:    "tcp.analysis.ack_lost_segment",

	OncePerTemplate: "looks at who sent, and at flags",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.OneSided() {
			return
		}
		seen := fsm.Client
		if f.Conn.End[fsm.Server].Seen {
			seen = fsm.Server
		}
		found(Finding{
			Frames: []fsm.Frame{f.First.Frame}, Count: 1, Seen: fmt.Sprintf("%s of the %s, none of the %s", phrase.Counted(f.Dir[seen].Packets, "segment", "segments"), seen, seen.Peer()), Expected: "both directions",
			Message: fmt.Sprintf("Only the %s's direction was captured; the %s's states are inferred from it.", seen, seen.Peer()),
		})
	},
}
