package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var pawsReject = &Check{
	Name: "paws-reject", Title: "timestamp goes back", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 7323 §5.3",
	Condition: "A segment that is new to the receiver has a timestamp below the one that the receiver keeps, so it must be dropped. RSTs are left out.",
	Benign:    []string{"two hosts behind one address translator", "segments delivered out of order"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.pkt_invalid_timestamp"}, {Tool: "Snort", Name: "129:4"}},
	Filter:    "tcp.options.timestamp.tsval", Needs: InStep,
	Facts: flow.OldTimestamp,
	Judge: eachSide(0, flow.OldTimestamp, func(f *flow.Flow, side fsm.Side, k *flow.Mark) Finding {
		return Finding{
			Seen: fmt.Sprintf("TSval %d", k.Segment.TSVal), Expected: fmt.Sprintf("at least %d", k.TSRecent),
			Message: fmt.Sprintf("The timestamp of frame %d lies %d ticks behind, so the %s must drop the segment.", k.Frame.Number(), k.TSRecent-k.Segment.TSVal, side.Peer()),
		}
	}),
}
