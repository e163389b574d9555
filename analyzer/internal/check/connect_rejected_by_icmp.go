package check

import (
	"fmt"
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var connectRejectedByICMP = &Check{
	Name: record.CheckConnectRejectedByICMP, Title: "connection rejected by an ICMP error", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.9.2.2",
	Condition: "An ICMP error (destination unreachable, time exceeded, parameter problem) quotes the SYN, no SYN follows it, and no segment answers.",
	Benign:    []string{"a firewall rejects the connection, as intended", "a traceroute with TCP", "the client did not get the error, and gave up by itself"},
	Filter:    "icmp.type == 3 || icmp.type == 11 || icmp.type == 12 || icmpv6.type == 1 || icmpv6.type == 3 || icmpv6.type == 4",
	Meaning:   fsm.StateChanged,

	OncePerTemplate: "finds nothing: a connection that an ICMP error is about is no clean one",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.CountICMP() == 0 || f.Conn.End[fsm.Server].Seen {
			return
		}
		for _, n := range f.ICMP() {
			ended := func(t *fsm.Transition) bool { return t.Event == fsm.RecvICMPError && t.Frame == n.At.Frame }
			if f.Transition(n.Side, ended) == nil {
				continue
			}
			e := record.ICMPError{Type: n.Type, Code: n.Code, V6: n.V6, MTU: n.MTU}
			from := netip.AddrFrom16(n.From).Unmap()
			message := fmt.Sprintf("%s rejected the SYN in frame %d with an ICMP error in frame %d: %s", from, n.Quoted.Number(), n.At.Frame.Number(), e.Name())
			if n.Quoted == f.SYN.Frame {
				message += fmt.Sprintf(", after %s", phrase.Elapsed(max(0, n.At.Time-f.SYN.Time)))
			}
			found(Finding{
				Frames: []fsm.Frame{n.Quoted, n.At.Frame}, Count: 1,
				Seen: fmt.Sprintf("ICMP type %d, code %d from %s", n.Type, n.Code, from), Expected: "a SYN-ACK",
				Message: message + ".",
			})
			return
		}
	},
}
