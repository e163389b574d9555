package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var mssAbsent = &Check{
	Name: record.CheckMSSAbsent, Title: "SYN without MSS option", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.7.1 (SHLD-5, MUST-15)",
	Condition: "A SYN or SYN-ACK carries no MSS option, so the peer must send at most 536 bytes (IPv6: 1220) per segment.",
	Benign:    []string{"a scanner that builds its own SYNs", "a minimal (embedded) stack", "a middlebox that removes options"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mss.absent"}},
	Filter:    "tcp.flags.syn == 1 && !tcp.options.mss_val",

	OncePerTemplate: "looks at whether the SYNs have an MSS option",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			e := &f.Conn.End[side]
			if !d.Options.Seen || (d.SYNOptions | d.SYNCut).Any(fsm.OptMSS|fsm.OptMalformed) || f.AllFacts.Any(illegalFlags) || e.Syn.Frame == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{e.Syn.Frame}, Count: 1, Seen: "no MSS", Expected: "an MSS",
				Message: fmt.Sprintf("The %s's SYN in frame %d has no MSS option, so its peer must send small segments.", side, e.Syn.Frame.Number()),
			})
		}
	},
}
