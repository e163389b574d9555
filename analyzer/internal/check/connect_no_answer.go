package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var connectNoAnswer = &Check{
	Name: record.CheckConnectNoAnswer, Title: "SYN never answered", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.8.3",
	Condition: "At least one SYN was captured and nothing at all came back until the connection's record ended; a lone SYN counts only when a second or more of capture followed it.",
	Benign: []string{
		"only one direction was captured", "a filter drops the SYN without a word", "the server is down, or the address is not in use",
		"the server drops SYNs because its queue is full",
	},
	Peers:  []record.PeerName{{Tool: "Zeek", Name: "conn_state S0"}, {Tool: "argus", Name: "REQ"}},
	Filter: "tcp.completeness == 1",
	Judge: func(f *flow.Flow, found func(Finding)) {
		c, s := &f.Conn.End[fsm.Client], &f.Conn.End[fsm.Server]
		if c.State != fsm.SynSent || s.Seen || f.SYN.Frame == 0 || f.AllFacts.Has(flow.SYNAndFIN) {
			return
		}
		n := f.SYNs[fsm.Client]
		if n == 1 && f.Until-f.SYN.Time < fsm.Second {
			return
		}
		again, _ := notable(f, fsm.Client, fsm.SYNAgain)
		message := fmt.Sprintf("The server never answered the SYN in frame %d", f.SYN.Frame.Number())
		why := "the client asked only once: it may have given up by itself"
		if n > 1 {
			why = ""
			message = fmt.Sprintf("The server never answered the client's %d SYNs within %s", n, phrase.Elapsed(f.Last.Time-f.First.Time))
		}
		if more := f.Until - f.Last.Time; more > 0 {
			message += fmt.Sprintf("; the capture watched %s more", phrase.Elapsed(more))
		}
		found(Finding{
			Side: "server", Frames: append([]fsm.Frame{f.SYN.Frame}, again...), Count: 1,
			Seen: phrase.Counted(n, "SYN", "SYNs") + ", no answer", Expected: "a SYN-ACK or a RST",
			Message: message + ".", Doubt: why,
		})
	},
}
