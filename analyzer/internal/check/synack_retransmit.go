package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var synackRetransmit = &Check{
	Name: record.CheckSYNACKRetransmit, Title: "SYN-ACK retransmitted", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.1",
	Condition: "The same SYN-ACK is sent more than once. Its sender is still in SYN-RECEIVED: an ACK already captured did not reach it, was not accepted, or was on its way.",
	Benign: []string{
		"the SYN-ACK or the final ACK was lost", "the server waits for data before it accepts (TCP_DEFER_ACCEPT)",
		"the server's accept queue is full",
	},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "repeated_SYN_with_ack"}, {Tool: "Suricata", Name: "stream.3whs_synack_flood (over 5)"}},
	Filter:          "tcp.flags.syn == 1 && tcp.flags.ack == 1 && tcp.analysis.retransmission",
	Meaning:         fsm.SYNACKAgain,
	OncePerTemplate: "counts the SYN-ACKs",
	Thresholds: []Threshold{
		{Name: "times", Count: 1, Meaning: "the SYN-ACK is sent again so often"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			frames, k := notable(f, side, fsm.SYNACKAgain)
			if k == nil {
				continue
			}
			n := min(f.CountMeaning(side, fsm.SYNACKAgain), f.SYNACKs[side]-1) // the first may have been assumed
			if n < by.Count("times") {
				continue
			}
			why := "no ACK of it had been captured"
			switch last := f.FinalACK; {
			case last.Nth == 0 || last.Nth > k.Nth:
			case f.Transition(side, func(t *fsm.Transition) bool { return t.Event == fsm.AckOfSYN && t.Frame == last.Frame }) != nil:
				why = fmt.Sprintf("the ACK in frame %d was on its way", last.Frame.Number())
			default:
				why = fmt.Sprintf("the ACK in frame %d was lost, or did not count there (a server that waits for data, or a full accept queue)", f.FinalACK.Frame.Number())
			}
			found(Finding{
				Side: side.String(), Frames: frames, Count: n, Cost: waitedForACK(f, side), Seen: phrase.Counted(n+1, "SYN-ACK", "SYN-ACKs"), Expected: "1 SYN-ACK, acknowledged",
				Message: fmt.Sprintf("The %s retransmitted its SYN-ACK %s: %s.", side, phrase.Times(n), why),
			})
		}
	},
}

// waitedForACK returns how long side sent its SYN-ACK again before anything was captured
// that completes the handshake, without what waitedForSYNACK tells of.
func waitedForACK(f *flow.Flow, side fsm.Side) (waited fsm.Time) {
	if side != fsm.Server {
		return 0
	}
	since := max(f.SYNACK.Time, f.First.Time+waitedForSYNACK(f, side.Peer()))
	f.EachNotable(side, fsm.SYNACKAgain, flow.Facts(), func(k *flow.NotableSegment) {
		if f.FinalACK.Nth == 0 || k.Nth < f.FinalACK.Nth {
			waited = k.Time - since
		}
	})
	return max(0, waited)
}
