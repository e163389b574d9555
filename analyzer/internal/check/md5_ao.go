package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var md5AOPresent = &Check{
	Name: record.CheckMD5AOPresent, Title: "signed segments", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 2385 §2, RFC 5925 §2",
	Condition: "A SYN carries an MD5 signature or TCP-AO: the two sides know a common key, and what is not signed does not count.",
	Benign:    []string{"routers protect BGP so"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.md5"}},
	Filter:    "tcp.option_kind == 19 || tcp.option_kind == 29",
	Judge: func(f *flow.Flow, found func(Finding)) {
		const signed = fsm.OptMD5 | fsm.OptAO
		if !f.Dir[fsm.Client].SYNOptions.Any(signed) {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1, Seen: "a signature on the SYN", Expected: "",
			Message: fmt.Sprintf("The SYN in frame %d is signed: both sides must sign every segment.", f.SYN.Frame.Number()),
		})
	},
}

var md5AOAbsent = &Check{
	Name: record.CheckMD5AOAbsent, Title: "signature missing", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 2385 §2, RFC 5925 §7.3",
	Condition: "A side's SYN was signed with MD5 or TCP-AO and a later segment of it is not: the receiver must drop it.",
	Benign:    []string{"a RST by a host that has lost the connection and with it the key", "a forged segment"},
	Filter:    "tcp.option_kind == 19 || tcp.option_kind == 29",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			u := f.Dir[side].WindowStats().Unsigned
			if u.N == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: u.Frames, Count: u.N, Seen: "no signature", Expected: "a signature, as on the SYN",
				Message: fmt.Sprintf("Frame %d is not signed although the %s's SYN was, so the %s must drop it.", u.Frames[0].Number(), side, side.Peer()),
			})
		}
	},
}
