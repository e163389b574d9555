package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var networkDuplicate = &Check{
	Name: record.CheckNetworkDuplicate, Title: "packet duplicated in the network", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "observer: a retransmission is a new IP packet, this is the same one",
	Condition: "A packet arrives again with the same IPv4 identification (without one: the same timestamp), too late to be captured twice: the network duplicated it.",
	Benign:    []string{"the same packet captured twice, more than 20 ms apart", "an IP identification that wrapped around"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.retransmission (by mistake)"}},
	Filter:    "tcp.analysis.retransmission || tcp.analysis.duplicate_ack",
	Facts:     flow.Facts(flow.NetworkCopy),
	Judge: eachSideShowing(flow.NetworkCopy, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		n := f.CountFact(side, flow.NetworkCopy)
		message := fmt.Sprintf("Frame %[2]d is the %[1]s's packet again, duplicated in the network.", side, k.Frame.Number())
		if n > 1 {
			message = fmt.Sprintf("%s packets of the %s were duplicated in the network, first in frame %d.", phrase.Count(n), side, k.Frame.Number())
		}
		doubt := ""
		if k.IPID == 0 {
			doubt = "without an IP identification, a segment sent again within one tick of its timestamps looks the same"
		}
		return Finding{
			Doubt: doubt, Seen: phrase.Counted(n, "duplicate", "duplicates"), Expected: "each packet once",
			Message: message,
		}
	}),
}
