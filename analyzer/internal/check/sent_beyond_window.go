package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var sentBeyondWindow = &Check{
	Name: record.CheckSentBeyondWindow, Title: "data beyond the window", Family: "window",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.6",
	Condition: "A side sends more than one byte beyond the right edge of every window that the peer has advertised, while both window scales are known and no segment is missing.",
	Benign:    []string{"the ACK that opened the window was not captured", "the two directions were captured out of order"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.est_packet_out_of_window"}, {Tool: "nf_conntrack", Name: "over the window of the receiver"}},
	Filter:    "tcp.analysis.window_full", Needs: Scales | Whole | InStep,
	Facts: flow.Facts(flow.BeyondWindow),
	Judge: eachSideShowing(flow.BeyondWindow, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		end := k.Segment.Seq.Add(k.Segment.Len)
		return Finding{
			Seen: "data up to " + number(f, side, end), Expected: "not beyond " + number(f, side, k.RightEdge),
			Message: fmt.Sprintf("The %s sent %s beyond the %s's window in frame %d.", side, phrase.Bytes(end.Minus(k.RightEdge)), side.Peer(), k.Frame.Number()),
		}
	}),
}
