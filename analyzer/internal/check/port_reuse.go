package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var portReuse = &Check{
	Name: record.CheckPortReuse, Title: "ports reused", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.4.1",
	Condition: "A SYN with another ISN opens a new connection on the addresses and ports of an earlier one that was answered but not seen to end.",
	Benign:    []string{"the end of the earlier connection was not captured", "the client restarted"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.reused_ports"}, {Tool: "Zeek", Name: "active_connection_reuse"}},
	Filter:    "tcp.analysis.reused_ports",

	OncePerTemplate: "one whose earlier connection of the 4-tuple was not over gets no template",
	Judge: func(f *flow.Flow, found func(Finding)) {
		pre := f.Previous
		if pre == nil || f.SYN.Frame == 0 || pre.Unanswered || pre.Over {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1,
			Seen: phrase.Elapsed(f.SYN.Time-pre.Last) + " after the earlier connection's last segment", Expected: "a FIN or a RST before",
			Message: fmt.Sprintf("The SYN in frame %d opens a new connection on the ports of the one that began in frame %d and was not seen to end.", f.SYN.Frame.Number(), pre.First.Number()),
		})
	},
}
