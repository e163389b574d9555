package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var tlsAlert = &Check{
	Name: record.CheckTLSAlert, Title: "fatal alert of TLS", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 8446 §6.2, RFC 5246 §7.2.2",
	Condition:       "Among the latest four data segments of a side is one that is a fatal alert of TLS in clear and nothing else: its handshake failed. From the handshake's end on, and in TLS 1.3 from the ServerHello on, alerts are encrypted, and no one can tell.",
	Benign:          []string{"a scan or a monitor that tries versions and ciphers", "a client that has no certificate, or does not trust the server's"},
	Filter:          "tls.alert_message.level == 2",
	OncePerTemplate: "a connection with such a segment is not clean",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frame, name, number := f.FatalAlert(side)
			if frame == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{frame}, Count: 1, Seen: fmt.Sprintf("alert %s (%d)", name, number), Expected: "the handshake's end",
				Message: fmt.Sprintf("The %s broke the TLS handshake off with the alert %s (%d) in frame %d.", side, name, number, frame.Number()),
			})
		}
	},
}
