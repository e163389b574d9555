package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var tfoAccepted = &Check{
	Name: record.CheckFastOpenAccepted, Title: "Fast Open data accepted", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 7413 §4.2",
	Condition: "The SYN carried data and the SYN-ACK acknowledges it, or part of it: Fast Open, with a cookie or, where both sides are set so, without.",
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.tfo_ack"}},
	Filter:    "tcp.analysis.tfo_ack",
	Facts:     flow.Facts(flow.FastOpenTaken),
	Judge: eachSideShowing(flow.FastOpenTaken, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		taken := k.Segment.Ack - f.Conn.End[side.Peer()].ISS - 1
		return Finding{
			Seen: "ack " + number(f, side.Peer(), k.Segment.Ack), Expected: "",
			Message: fmt.Sprintf("The SYN-ACK in frame %d acknowledges %s on the SYN.", k.Frame.Number(), phrase.Bytes(uint32(taken))+" of data"),
		}
	}),
}
