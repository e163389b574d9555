package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var mptcpFallback = &Check{
	Name: record.CheckMPTCPFallback, Title: "Multipath TCP not taken up", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 8684 §3.7",
	Condition: "The SYN asks for Multipath TCP and the SYN-ACK does not answer it, so the connection is plain TCP.",
	Benign:    []string{"the server does not use Multipath TCP", "a middlebox removed the option"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mptcp"}},
	Filter:    "tcp.flags.syn == 1 && tcp.options.mptcp.subtype",
	Judge: func(f *flow.Flow, found func(Finding)) {
		c, s := &f.Dir[fsm.Client], &f.Dir[fsm.Server]
		if f.SYNACK.Nth == 0 || !c.SYNOptions.Has(fsm.OptMPTCP) || !s.Options.Seen || s.SYNOptions.Any(fsm.OptMPTCP|fsm.OptMalformed) {
			return
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame}, Count: 1, Seen: "no Multipath TCP in the SYN-ACK", Expected: "an answer to the offer",
			Message: fmt.Sprintf("The SYN in frame %d offers Multipath TCP, the SYN-ACK in frame %d does not answer it.", f.SYN.Frame.Number(), f.SYNACK.Frame.Number()),
		})
	},
}

var mptcpJoin = &Check{
	Name: record.CheckMPTCPJoin, Title: "further path of a Multipath TCP connection", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 8684 §3.2",
	Condition: "The SYN joins a Multipath TCP connection that exists already: this connection carries part of its data only.",
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mptcp.subtype == 1"}},
	Filter:    "tcp.flags.syn == 1 && tcp.options.mptcp.subtype == 1",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.Dir[fsm.Client].SYNOptions.Has(fsm.OptMPTCPJoin) {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1, Seen: "MP_JOIN", Expected: "",
			Message: fmt.Sprintf("The SYN in frame %d adds a path to a Multipath TCP connection.", f.SYN.Frame.Number()),
		})
	},
}
