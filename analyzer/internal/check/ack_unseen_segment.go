package check

import (
	"fmt"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var ackUnseenSegment = &Check{
	Name: record.CheckACKUnseenSegment, Title: "data acknowledged but missing from the capture", Family: "capture",
	Severity: record.SeverityCapture, Rule: "observer: what the receiver acknowledges did arrive, so the capture dropped it",
	Condition: "An ACK covers bytes that were not captured, and the sender's next data does not contradict it.",
	Benign:    []string{"the capturing host could not keep up", "part of the traffic takes another path"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.ack_lost_segment"}, {Tool: "Zeek", Name: "missed_bytes"}, {Tool: "Suricata", Name: "tcp.ack_unseen_data"}},
	Filter:    "tcp.analysis.ack_lost_segment",
	Meaning:   fsm.GapConfirmed | fsm.AckAhead,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			n := f.Dir[side].GapBytes
			if n == 0 {
				continue
			}
			a, _ := notable(f, side, fsm.GapConfirmed)
			b, _ := notable(f, side.Peer(), fsm.GapConfirmed|fsm.AckAhead)
			frames := append(a, b...)
			slices.Sort(frames)
			frames = slices.Compact(frames)
			found(Finding{
				Side: side.String(), Frames: frames, Count: len(frames), Seen: phrase.Bytes(n) + " acknowledged, not captured", Expected: "every byte captured",
				Message: fmt.Sprintf("The capture is missing %s of the %s's data, which the %s acknowledged.", phrase.Bytes(n), side, side.Peer()),
			})
		}
	},
}
