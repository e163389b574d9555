package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var spontaneousRST = &Check{
	Name: record.CheckSpontaneousRST, Title: "RST without a connection", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.7.1",
	Condition:       "The first segment captured of a connection is a RST.",
	Benign:          []string{"the connection began before the capture", "backscatter: the answer to a segment with a spoofed source address"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "spontaneous_RST"}, {Tool: "Suricata", Name: "stream.rst_but_no_session"}},
	Filter:          "tcp.completeness == 32",
	Meaning:         fsm.RSTNoConnection | fsm.RSTSent | fsm.Joined,
	OncePerTemplate: "looks at the flags of the segments; one that begins with a RST follows no earlier connection of the 4-tuple",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.FirstFlags.Any(fsm.RST) || f.Previous != nil || f.AllFacts.Any(illegalFlags) {
			return
		}
		side := fsm.Client
		if f.RST[fsm.Client].Nth != 1 {
			side = fsm.Server
		}
		found(Finding{
			Side: side.String(), Frames: []fsm.Frame{f.First.Frame}, Count: 1, Seen: "RST first", Expected: "a connection to reset",
			Message: fmt.Sprintf("The %s sent a RST in frame %d on a connection of which nothing had been captured before.", side, f.First.Frame.Number()),
		})
	},
}
