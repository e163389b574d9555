package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var dataBeforeEstablished = &Check{
	Name: record.CheckDataBeforeEstablished, Title: "data before the SYN-ACK", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.7.3",
	Condition: "A side in SYN-SENT sends data, without Fast Open, and the SYN-ACK is captured more than 5 ms later.",
	Benign:    []string{"the two directions were captured out of order", "an earlier SYN-ACK was not captured"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "data_before_established"}, {Tool: "Suricata", Name: "stream.3whs_ack_data_inject"}},
	Filter:    "tcp.len > 0 && !(tcp.completeness & 2)", Needs: InStep | Whole,
	Facts: flow.Facts(flow.EarlySegment),
	Judge: judgeEarly(func(k *flow.NotableSegment) bool { return k.Segment.Len > 0 }, func(side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: phrase.Bytes(k.Segment.Len) + " in SYN-SENT", Expected: "the SYN-ACK first",
			Message: fmt.Sprintf("The %s sent %s in frame %d before its SYN was answered.", side, phrase.Bytes(k.Segment.Len)+" of data", k.Frame.Number()),
		}
	}),
}

// judgeEarly makes a Judge of the segments that a side sent in SYN-SENT before
// the peer's SYN-ACK, captured clearly later, answered its SYN.
func judgeEarly(is func(*flow.NotableSegment) bool, describe func(fsm.Side, *flow.NotableSegment) Finding) func(*flow.Flow, func(Finding)) {
	return func(f *flow.Flow, found func(Finding)) {
		const skew = 5_000_000
		frames, first := notableThat(f, fsm.Client, 0, flow.Facts(flow.EarlySegment), func(k *flow.NotableSegment) bool {
			return f.SYNACK.Nth != 0 && f.SYNACK.Time-k.Time > skew && !k.Facts.Any(illegalFlags) && is(k)
		})
		if first == nil {
			return
		}
		x := describe(fsm.Client, first)
		x.Side, x.Frames = fsm.Client.String(), append(frames, f.SYNACK.Frame)
		x.Count = len(frames)
		found(x)
	}
}
