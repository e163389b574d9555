package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var finRetransmit = &Check{
	Name: record.CheckFINRetransmit, Title: "FIN retransmitted", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.1",
	Condition: "The same FIN is sent more than once: its sender had not received the ACK of it. If that ACK had already been captured, it was lost beyond the tap.",
	Benign:    []string{"the FIN or its ACK was lost once", "a tail loss probe"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.retransmission"}},
	Filter:    "tcp.flags.fin == 1 && tcp.analysis.retransmission",
	Meaning:   fsm.FINAgain,
	Judge: eachSideMeaning(fsm.FINAgain, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		n := f.CountMeaning(side, fsm.FINAgain)
		return Finding{
			Seen: phrase.Counted(n+1, "FIN", "FINs"), Expected: "1 FIN, acknowledged",
			Message: fmt.Sprintf("The %s retransmitted its FIN %s, %s.", side, phrase.Times(n), firstIn(n, k.Frame)),
		}
	}),
}
