package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var windowShrunk = &Check{
	Name: record.CheckWindowShrunk, Title: "window shrunk", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.6 (SHLD-14)",
	Condition: "The right edge of a side's window (ack + window) moves left by more than the window scale's rounding, on an ACK that is not older than the one before.",
	Benign:    []string{"ACKs captured out of order", "a host short of memory"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "window_recision"}, {Tool: "Suricata", Name: "stream.pkt_bad_window_update"}},
	Filter:    "tcp.analysis.window_update", Needs: Scales | InStep,
	Facts: flow.Facts(flow.WindowShrunk),
	Judge: eachSideShowing(flow.WindowShrunk, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		edge := k.Segment.Ack.Add(uint32(k.Segment.Window) << f.Conn.End[side].Scale)
		return Finding{
			Seen: "right edge " + number(f, side.Peer(), edge), Expected: "not left of " + number(f, side.Peer(), k.OwnEdge),
			Message: fmt.Sprintf("The %s shrank its window by %s in frame %d.", side, phrase.Bytes(k.OwnEdge.Minus(edge)), k.Frame.Number()),
		}
	}),
}
