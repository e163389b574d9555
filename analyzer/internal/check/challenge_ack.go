package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var challengeACK = &Check{
	Name: record.CheckChallengeACK, Title: "challenge ACK", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 5961 §3, §4",
	Condition: "A bare ACK answers a RST that is in the window but not at RCV.NXT, or a SYN on an open connection: its sender asks for confirmation. Hosts rate-limit challenge ACKs, so a missing one proves nothing.",
	Benign:    []string{"an ordinary ACK that was due at that moment"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.duplicate_ack (by mistake)"}},
	Filter:    "tcp.analysis.duplicate_ack",
	Meaning:   fsm.ChallengeACK,
	Judge: eachSideMeaning(fsm.ChallengeACK, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "ACK of " + number(f, side.Peer(), k.Segment.Ack), Expected: "a RST at exactly that number if the peer meant it",
			Message: fmt.Sprintf("The %s answered frame %d with a challenge ACK in frame %d.", side, k.Prior.Number(), k.Frame.Number()),
		}
	}),
}
