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
	Condition: "Nothing at all was captured in answer to the SYNs; a single SYN counts only when the capture went on for a second or more after it.",
	Benign: []string{
		"only one direction was captured", "a firewall drops the SYN silently", "the server is down, or the address is not in use",
		"the server drops SYNs because its accept queue is full, as when its application accepted nothing on other connections to this port shortly before and never sent a byte on them; or its SYN queue",
	},
	Peers:  []record.PeerName{{Tool: "Zeek", Name: "conn_state S0"}, {Tool: "argus", Name: "REQ"}},
	Filter: "tcp.completeness == 1",

	OncePerTemplate: "counts the SYNs, and looks at whether there was an answer and whether a lone SYN was watched for a second",
	Judge: func(f *flow.Flow, found func(Finding)) {
		n := f.SYNs[fsm.Client]
		if !unansweredSYN(f) || n == 1 && f.Until-f.SYN.Time < fsm.Second {
			return
		}
		again, _ := notable(f, fsm.Client, fsm.SYNAgain)
		message := fmt.Sprintf("The server never answered the SYN in frame %d", f.SYN.Frame.Number())
		why := "the SYN was sent only once: the client may have given up by itself"
		if n > 1 {
			why = ""
			message = fmt.Sprintf("The server never answered the client's %s SYNs, sent over %s", phrase.Count(n), phrase.Elapsed(f.Last.Time-f.First.Time))
		}
		if more := f.Until - f.Last.Time; more > 0 {
			message += fmt.Sprintf("; the capture went on for %s", phrase.Elapsed(more))
		}
		found(Finding{
			Side: "server", Frames: append([]fsm.Frame{f.SYN.Frame}, again...), Count: 1, Cost: f.Last.Time - f.First.Time,
			Seen: phrase.Counted(n, "SYN", "SYNs") + ", no answer", Expected: "a SYN-ACK or a RST",
			Message: message + ".", Doubt: why,
		})
	},
	Pending: func(f *flow.Flow, _ Limits, found func(Finding)) {
		waited := f.Until - f.SYN.Time
		if !unansweredSYN(f) || waited < fsm.Second {
			return
		}
		again, _ := notable(f, fsm.Client, fsm.SYNAgain)
		n := f.SYNs[fsm.Client]
		x := Finding{
			Side: "server", Frames: append([]fsm.Frame{f.SYN.Frame}, again...), Count: 1, Since: f.SYN.Time,
			Seen: phrase.Counted(n, "SYN", "SYNs") + ", no answer", Expected: "a SYN-ACK or a RST",
			Message: fmt.Sprintf("The server has not answered the SYN in frame %d for %s.", f.SYN.Frame.Number(), phrase.Elapsed(waited)),
		}
		if n > 1 {
			x.Message = fmt.Sprintf("The server has not answered the client's %s SYNs, the first in frame %d, for %s.", phrase.Count(n), f.SYN.Frame.Number(), phrase.Elapsed(waited))
		} else {
			x.Doubt = "the SYN was sent only once so far: the client may have given up by itself"
		}
		found(x)
	},
}

// unansweredSYN reports whether nothing was captured that answers the client's SYN.
func unansweredSYN(f *flow.Flow) bool {
	return f.Conn.End[fsm.Client].State == fsm.SynSent && !f.Conn.End[fsm.Server].Seen && f.SYN.Frame != 0 && f.Challenged.Frame == 0 && !f.AllFacts.Has(flow.SYNAndFIN)
}
