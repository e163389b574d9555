package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var finAdvanced = &Check{
	Name: record.CheckFINAdvanced, Title: "second FIN at another sequence number", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6",
	Condition: "A side that has sent a FIN sends another one with another sequence number.",
	Benign:    []string{"a forged segment", "the first FIN belongs to another connection on the same ports"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "FIN_advanced_last_seq"}, {Tool: "Snort", Name: "129:16"}},
	Filter:    "tcp.flags.fin == 1",
	Meaning:   fsm.FINMoved,
	Judge: eachSideMeaning(fsm.FINMoved, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "FIN at " + number(f, side, k.Segment.FinSeq()), Expected: "FIN at " + number(f, side, f.Conn.End[side].FinSeq),
			Message: fmt.Sprintf("The FIN in frame %d has another sequence number than the %s's first FIN.", k.Frame.Number(), side),
		}
	}),
}
