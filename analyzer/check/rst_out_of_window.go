package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var rstOutOfWindow = &Check{
	Name: "rst-out-of-window", Title: "RST outside the window", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §3)",
	Condition: "A RST lies outside the receiver's window: it must be dropped in silence.",
	Benign:    []string{"a RST of an earlier connection on the same ports", "a middlebox that has lost track", "a forger's guess", "the window's scale was not captured"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:15"}, {Tool: "nf_conntrack", Name: "invalid RST"}},
	Filter:    "tcp.flags.reset == 1", Needs: Beginning | Whole,
	Meaning: fsm.RSTOutside,
	Judge:   eachSide(fsm.RSTOutside, 0, rstFinding("outside the window of the")),
}
