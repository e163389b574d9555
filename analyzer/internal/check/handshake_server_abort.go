package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var handshakeServerAbort = &Check{
	Name: record.CheckHandshakeServerAbort, Title: "server resets instead of completing the handshake", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.4",
	Condition: "The server sent a SYN-ACK and then a RST before it was established; the ACK that it may answer was acceptable.",
	Benign: []string{
		"the server's queue of connections to accept is full and it is set to reset then (Linux: tcp_abort_on_overflow)",
		"the listening application ended just then", "a firewall or a SYN proxy changed its mind",
	},
	Filter:  "tcp.completeness == 35 || tcp.completeness == 39",
	Meaning: fsm.RSTSent,
	Judge: func(f *flow.Flow, found func(Finding)) {
		end := transition(f, fsm.Server, func(t *fsm.Transition) bool { return t.Event == fsm.SendRST && t.From == fsm.SynReceived })
		if end == nil {
			return
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame, end.Frame}, Count: 1,
			Seen: "RST in SYN-RECEIVED", Expected: "ESTABLISHED",
			Message: fmt.Sprintf("The server reset the connection in frame %d, %s after its own SYN-ACK, without taking it up.", end.Frame.Number(), phrase.Elapsed(end.Time-f.SYNACK.Time)),
		})
	},
}
