package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var md5AOPresent = &Check{
	Name: record.CheckMD5AOPresent, Title: "TCP-MD5 or TCP-AO present", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 2385 §2, RFC 5925 §2",
	Condition: "A SYN carries a TCP-MD5 signature or TCP-AO: both sides share a key, and unsigned segments are dropped.",
	Benign:    []string{"routers protect BGP sessions this way"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.md5"}},
	Filter:    "tcp.option_kind == 19 || tcp.option_kind == 29",

	OncePerTemplate: "looks at the options of the SYN as a set",
	Judge: func(f *flow.Flow, found func(Finding)) {
		const signed = fsm.OptMD5 | fsm.OptAO
		if !f.Dir[fsm.Client].SYNOptions.Any(signed) {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1, Seen: "TCP-MD5 or TCP-AO on the SYN", Expected: "",
			Message: fmt.Sprintf("The SYN in frame %d carries TCP-MD5 or TCP-AO: both sides must sign every segment.", f.SYN.Frame.Number()),
		})
	},
}

var md5AOAbsent = &Check{
	Name: record.CheckMD5AOAbsent, Title: "TCP-MD5 or TCP-AO missing", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 2385 §2, RFC 5925 §7.3",
	Condition: "A side's SYN carried TCP-MD5 or TCP-AO and a later segment of it does not: the receiver must drop it.",
	Benign:    []string{"a RST by a host that has lost the connection, and the key with it", "a forged segment"},
	Filter:    "tcp.option_kind == 19 || tcp.option_kind == 29",

	OncePerTemplate: "no SYN of a closed clean connection is signed; of few segments it looks at the options as sets",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			u := f.Dir[side].Unsigned()
			if u.N == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: u.Frames, Count: u.N, Seen: "no TCP-MD5 or TCP-AO", Expected: "the option that the SYN carries",
				Message: fmt.Sprintf("Frame %d is unsigned although the %s's SYN was signed, so the %s must drop it.", u.Frames[0].Number(), side, side.Peer()),
			})
		}
	},
}
