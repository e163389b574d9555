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
		answered := k.Prior
		for i := range f.Notable() {
			// A SYN of the next connection may lie in between.
			if n := &f.Notable()[i]; n.From != side && n.Meaning.Any(fsm.SYNInSync) && n.Time <= k.Time && n.Frame > answered && n.Frame < k.Frame {
				answered = n.Frame
			}
		}
		return Finding{
			Seen: "ACK of " + number(f, side.Peer(), k.Segment.Ack), Expected: "a RST at exactly that number if the peer meant it",
			Message: fmt.Sprintf("The %s answered frame %d with a challenge ACK in frame %d.", side, answered.Number(), k.Frame.Number()),
		}
	}),
}
