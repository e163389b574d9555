package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var mptcpFallback = &Check{
	Name: record.CheckMPTCPFallback, Title: "MPTCP not accepted", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 8684 §3.7",
	Condition: "The SYN carries MP_CAPABLE and the SYN-ACK does not, so the connection falls back to plain TCP.",
	Benign:    []string{"the server does not support MPTCP", "a middlebox removed the option"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mptcp"}},
	Filter:    "tcp.flags.syn == 1 && tcp.options.mptcp.subtype",

	OncePerTemplate: "looks at the options of the SYNs as sets",
	Judge: func(f *flow.Flow, found func(Finding)) {
		c, s := &f.Dir[fsm.Client], &f.Dir[fsm.Server]
		if f.SYNACK.Nth == 0 || !c.SYNOptions.Has(fsm.OptMPTCP) || !s.Options.Seen || (s.SYNOptions | s.SYNCut).Any(fsm.OptMPTCP|fsm.OptMalformed) {
			return
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame}, Count: 1, Seen: "no MP_CAPABLE on the SYN-ACK", Expected: "MP_CAPABLE",
			Message: fmt.Sprintf("The SYN in frame %d carries MP_CAPABLE, the SYN-ACK in frame %d does not.", f.SYN.Frame.Number(), f.SYNACK.Frame.Number()),
		})
	},
}

var mptcpJoin = &Check{
	Name: record.CheckMPTCPJoin, Title: "MPTCP subflow (MP_JOIN)", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 8684 §3.2",
	Condition: "The SYN carries MP_JOIN: this is a further subflow of an existing MPTCP connection and carries only part of its data.",
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mptcp.subtype == 1"}},
	Filter:    "tcp.flags.syn == 1 && tcp.options.mptcp.subtype == 1",

	OncePerTemplate: "looks at the options of the SYN as a set",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.Dir[fsm.Client].SYNOptions.Has(fsm.OptMPTCPJoin) {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1, Seen: "MP_JOIN", Expected: "",
			Message: fmt.Sprintf("The SYN in frame %d adds a subflow to an MPTCP connection.", f.SYN.Frame.Number()),
		})
	},
}
