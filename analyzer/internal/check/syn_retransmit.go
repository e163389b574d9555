package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var synRetransmit = &Check{
	Name: record.CheckSYNRetransmit, Title: "SYN retransmitted", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.1",
	Condition:       "The same SYN (same sequence number, same side) is sent more than once; frames captured twice do not count.",
	Benign:          []string{"the SYN or the SYN-ACK was lost once", "the server's SYN or accept queue was full"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.retransmission"}},
	Filter:          "tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.retransmission",
	Meaning:         fsm.SYNAgain,
	OncePerTemplate: "counts the SYNs that a side sent before it had its answer",
	Thresholds: []Threshold{
		{Name: "times", Count: 1, Meaning: "the SYN is sent again so often"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			var k *flow.NotableSegment
			var frames []fsm.Frame
			n := f.CountMeaning(side, fsm.SYNAgain)
			f.EachNotable(side, fsm.SYNAgain, flow.Facts(), func(m *flow.NotableSegment) {
				if lateSYN(m) {
					n--
					return
				}
				if k == nil {
					k = m
				}
				frames = append(frames, m.Frame)
			})
			if k == nil || n < by.Count("times") {
				continue
			}
			first := "after"
			if n > 1 {
				first = "first after"
			}
			found(Finding{
				Side: side.String(), Frames: frames, Count: n, Cost: waitedForSYNACK(f, side),
				Seen: phrase.Counted(n+1, "SYN", "SYNs"), Expected: "1 SYN, answered",
				Message: fmt.Sprintf("The %s retransmitted its SYN %s, %s %s.",
					side, phrase.Times(n), first, phrase.Elapsed(k.Time-f.First.Time)),
			})
		}
	},
}

// waitedForSYNACK returns how long side sent its SYN again before that was answered, 0 where
// it was not: connect-no-answer tells it then.
func waitedForSYNACK(f *flow.Flow, side fsm.Side) (waited fsm.Time) {
	if !f.Conn.End[side.Peer()].Seen {
		return 0
	}
	f.EachNotable(side, fsm.SYNAgain, flow.Facts(), func(k *flow.NotableSegment) {
		if !lateSYN(k) {
			waited = k.Time - f.First.Time
		}
	})
	return max(0, waited)
}
