package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var networkDuplicate = &Check{
	Name: record.CheckNetworkDuplicate, Title: "packet delivered twice", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "observer: a retransmission is a new IP packet, this is the same one",
	Condition: "A packet comes again with the same IPv4 identification (or, without one, the same timestamp) too late for a second view of the capture: the network delivered it twice.",
	Benign:    []string{"a second view of the same packet, delayed by more than 20 ms", "an identification that came round again"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.retransmission (by mistake)"}},
	Filter:    "tcp.analysis.retransmission || tcp.analysis.duplicate_ack",
	Facts:     flow.Facts(flow.NetworkCopy),
	Judge: eachSideShowing(flow.NetworkCopy, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		n := f.CountFact(side, flow.NetworkCopy)
		message := fmt.Sprintf("The network delivered the %s's packet in frame %d a second time.", side, k.Frame.Number())
		if n > 1 {
			message = fmt.Sprintf("The network delivered %d packets of the %s a second time, the first of them in frame %d.", n, side, k.Frame.Number())
		}
		return Finding{
			Seen: phrase.Counted(n, "packet", "packets") + " twice", Expected: "each once",
			Message: message,
		}
	}),
}
