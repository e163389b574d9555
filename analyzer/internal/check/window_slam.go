package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var windowSlam = &Check{
	Name: record.CheckWindowSlam, Title: "tiny window after the handshake", Family: "window",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.6",
	Condition: "The ACK that completes the handshake advertises a window of 1 to 63 bytes: the peer can hardly send any data.",
	Benign:    []string{"a small embedded system"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:19"}},
	Filter:    "tcp.window_size < 64 && tcp.seq == 1 && tcp.ack == 1", Needs: Scales,
	Facts: flow.Facts(flow.WindowSlam),
	Judge: eachSideShowing(flow.WindowSlam, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		window := uint32(k.Segment.Window) << f.Conn.End[side].Scale
		return Finding{
			Seen: fmt.Sprintf("window %d", window), Expected: "room for at least a segment",
			Message: fmt.Sprintf("The %s completed the handshake in frame %d with a window of %s.", side, k.Frame.Number(), phrase.Bytes(window)),
		}
	}),
}
