package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var seqUnderflow = &Check{
	Name: record.CheckSeqUnderflow, Title: "sequence number below the ISN", Family: "sequence",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.4",
	Condition: "A segment has sequence numbers below the SYN's.",
	Benign:    []string{"a segment of an earlier connection on the same ports", "an off-path attacker's guess"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "TCP_seq_underflow_or_misorder"}},
	Filter:    "tcp.seq > 4000000000", Needs: Whole,
	Facts: flow.Facts(flow.BelowStart),
	Judge: eachSideShowing(flow.BelowStart, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "seq " + number(f, side, k.Segment.Seq), Expected: "above " + number(f, side, f.Conn.End[side].ISS),
			Message: fmt.Sprintf("Frame %d has sequence numbers below those of the %s's SYN.", k.Frame.Number(), side),
		}
	}),
}
