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
	Condition: "The server sent a SYN-ACK and then a RST while still in SYN-RECEIVED; if the RST answers the client's ACK, that ACK was acceptable.",
	Benign: []string{
		"the server's accept queue is full and it is configured to reset then (Linux: tcp_abort_on_overflow)",
		"the listening application exited just then", "a firewall or a SYN proxy rejected the client",
	},
	Filter:          "tcp.completeness == 35 || tcp.completeness == 39",
	Meaning:         fsm.RSTSent,
	OncePerTemplate: "looks at flags, and at the states that follow from them",
	Judge: func(f *flow.Flow, found func(Finding)) {
		end := f.Transition(fsm.Server, func(t *fsm.Transition) bool { return t.Event == fsm.SendRST && t.From == fsm.SynReceived })
		if end == nil || f.SYNACK.Frame == 0 { // it is not what the RST tells of
			return
		}
		frames := []fsm.Frame{f.SYNACK.Frame, end.Frame}
		if f.SYN.Frame != 0 { // it was captured
			frames = append([]fsm.Frame{f.SYN.Frame}, frames...)
		}
		found(Finding{
			Side: "server", Frames: frames, Count: 1,
			Seen: "RST in SYN-RECEIVED", Expected: "ESTABLISHED",
			Message: fmt.Sprintf("The server reset the connection in frame %d, %s after its own SYN-ACK, without establishing it.", end.Frame.Number(), phrase.Elapsed(end.Time-f.SYNACK.Time)),
		})
	},
}
