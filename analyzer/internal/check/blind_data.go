package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var blindData = &Check{
	Name: record.CheckBlindData, Title: "data probably forged (blind injection)", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 5961 §5.2",
	Condition: "A segment with data has an ack below its sender's highest by more than the largest window: the guess of an off-path attacker, who cannot see the connection.",
	Benign:    []string{"a segment of an earlier connection on the same ports"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.pkt_invalid_ack"}, {Tool: "Snort", Name: "invalid_ack"}},
	Filter:    "tcp.len > 0 && tcp.analysis.out_of_order", Needs: Scales | InStep,
	Facts: flow.Facts(flow.AckTooOld),
	Judge: judgeOldAck(func(k *flow.NotableSegment) bool { return k.Segment.Len > 0 }, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) string {
		return fmt.Sprintf("The data in frame %d acknowledges %s, far below the %s's highest acknowledgment: forged, or from another connection.",
			k.Frame.Number(), number(f, side.Peer(), k.Segment.Ack), side)
	}),
}
