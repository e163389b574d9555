package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var connectRefused = &Check{
	Name: record.CheckConnectRefused, Title: "connection refused", Family: "handshake",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.10.7.1",
	Condition:       "A SYN is answered by RST+ACK. Where a later SYN of the connection is accepted after all, with a doubt.",
	Benign:          []string{"nothing listens on the port, as intended", "a firewall rejects with a RST in the server's name"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "conn_state REJ"}, {Tool: "argus", Name: "RST"}},
	Filter:          "tcp.flags.reset == 1 && tcp.flags.ack == 1 && tcp.seq == 1 && tcp.ack == 1",
	Meaning:         fsm.RSTRefuses,
	OncePerTemplate: "looks at flags, and at the states that follow from them",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.AllFacts.Has(flow.SYNAndFIN) {
			return
		}
		frames, k := notable(f, fsm.Server, fsm.RSTRefuses)
		if k == nil || falseRefusal(f) != nil {
			return
		}
		why := ""
		switch accepted := f.SYNACK.Nth > k.Nth; {
		case accepted && f.FinalACK.Nth != 0:
			why = fmt.Sprintf("a later SYN was accepted, in frame %d", f.SYNACK.Frame.Number())
		case accepted || f.Conn.End[fsm.Server].SentSYN:
			return
		case f.Conn.End[fsm.Client].State != fsm.Closed:
			why = "the client tried again, and the last of its SYNs had no answer"
		}
		found(Finding{
			Doubt: why,
			Side:  "server", Frames: append([]fsm.Frame{f.SYN.Frame}, frames...), Count: len(frames),
			Seen: "RST acknowledging " + number(f, fsm.Client, k.Segment.Ack), Expected: "a SYN-ACK",
			Message: fmt.Sprintf("The server refused the connection: frame %d resets the SYN in frame %d after %s.",
				k.Frame.Number(), f.SYN.Frame.Number(), phrase.Elapsed(k.Time-f.SYN.Time)),
		})
	},
}
