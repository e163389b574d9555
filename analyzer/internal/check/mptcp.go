package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var mptcpFallback = &Check{
	Name: record.CheckMPTCPFallback, Title: "MPTCP not accepted, or given up", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 8684 §3.7",
	Condition: "The SYN carries MP_CAPABLE and the SYN-ACK does not; or both do, and then the third ACK and all after it of the client, or all segments of a side behind the handshake, carry no MPTCP option, or a side sends an infinite mapping. The connection goes on as plain TCP.",
	Benign:    []string{"the server does not support MPTCP", "a middlebox removed the options", "a middlebox changed data, which the checksums of MPTCP showed"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mptcp"}},
	Filter:    "tcp.flags.syn == 1 && tcp.options.mptcp.subtype",

	OncePerTemplate: "looks at the options of the SYNs as sets; what goes on with MPTCP has no template",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if m := f.Multipath(); m != nil && m.State == record.MPTCPFellBack {
			found(fellBack(f, m))
			return
		}
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

// fellBack is the finding on a connection whose SYNs agree on MPTCP and that does without.
func fellBack(f *flow.Flow, m *record.MPTCP) Finding {
	x := &m.Fallback
	found := Finding{Side: x.Side.String(), Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame, x.Frame}, Count: 1}
	side := phrase.By(x.Side)
	switch x.Reason {
	case record.MPTCPInfinite:
		found.Seen, found.Expected = "an infinite mapping", "mappings of data"
		found.Message = fmt.Sprintf("The infinite mapping in frame %d of %s ends MPTCP: the connection goes on as plain TCP.", x.Frame.Number(), side)
	case record.MPTCPNoThirdACK:
		found.Seen, found.Expected = "no MP_CAPABLE on the third ACK", "MP_CAPABLE"
		found.Message = fmt.Sprintf("Both SYNs agree on MPTCP, and no segment of the client behind them has an MPTCP option, the third ACK in frame %d not either.", x.Frame.Number())
	default:
		found.Seen, found.Expected = "no data sequence signal", "DSS on the first segments"
		found.Message = fmt.Sprintf("Both SYNs agree on MPTCP, and no segment of %s behind the handshake has an MPTCP option, the first in frame %d.", side, x.Frame.Number())
	}
	return found
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
