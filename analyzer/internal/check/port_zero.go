package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var portZero = &Check{
	Name: record.CheckPortZero, Title: "port 0", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 6335 §6 (port 0 is reserved)",
	Condition: "One of the ports is 0.",
	Benign:    []string{"a scanner", "a fragment mistaken for a TCP header by the capturing tool"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "116:446"}},
	Filter:    "tcp.port == 0",

	OncePerTemplate: "looks at whether a port is 0",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if f.Ends[side].Port == 0 {
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{f.First.Frame}, Count: 1, Seen: "port 0", Expected: "1 to 65535",
					Message: fmt.Sprintf("The %s's port is 0, which nothing can listen on.", side),
				})
			}
		}
	},
}
