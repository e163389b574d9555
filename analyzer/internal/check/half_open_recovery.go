package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var halfOpenRecoveryCheck = &Check{
	Name: record.CheckHalfOpenRecovery, Title: "half-open connection discovered and reset", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5.1",
	Condition: "A SYN is answered by a challenge ACK instead of a SYN-ACK, because the other side still holds an earlier connection, and the SYN's sender, which has no such connection, resets it (RFC 9293 Figure 9).",
	Benign:    []string{"the client's host restarted; the protocol recovers by itself"},
	Filter:    "tcp.flags.syn == 1 && tcp.analysis.reused_ports",
	Meaning:   fsm.SYNInSync | fsm.RSTAnswers,
	Judge: func(f *flow.Flow, found func(Finding)) {
		if _, told := f.SecondResponder(); told {
			return // the SYN-ACK, and the RST, are another host's
		}
		for _, side := range sides {
			if frames := halfOpenRecovery(f, side); frames != nil {
				x := Finding{Frames: frames, Count: 1, Seen: "SYN, challenge ACK, RST", Expected: "a close before the new SYN"}
				x.Message = fmt.Sprintf("The %s had lost the connection: its SYN in frame %d was answered by an ACK of the old connection, which it reset in frame %d.",
					side, frames[0].Number(), frames[2].Number())
				if f.Previous == nil && !f.Meanings.Any(fsm.SYNInSync) { // whose the old one was is not known
					x.Message = fmt.Sprintf("The %s still held an earlier connection: its ACK in frame %d answers the SYN in frame %d, and the %s, which has none such, reset it in frame %d. It had lost that, or it was another client's behind the same translated address, perhaps in TIME-WAIT.",
						side.Peer(), frames[1].Number(), frames[0].Number(), side, frames[2].Number())
				}
				found(x)
			}
		}
	},
}

// halfOpenRecovery returns the frames of the SYN by side, the ACK of the old
// connection and side's RST, or nil.
func halfOpenRecovery(f *flow.Flow, side fsm.Side) []fsm.Frame {
	if _, rst := notable(f, side, fsm.RSTAnswers); rst != nil && rst.States[side] == fsm.SynSent && rst.Prior != 0 {
		// The old connection is not in the capture: the ACK answers the first SYN.
		_, bad := notable(f, side.Peer(), fsm.SYNACKBadAck)
		if y := side.Peer(); f.Dir[y].Last.Frame > rst.Frame && !f.Conn.End[y].SentSYN {
			return nil // it still answers so: the RST did not end the other connection
		}
		if bad == nil || bad.Frame != rst.Prior {
			syn := f.Conn.End[side].Syn.Frame // its latest
			if side == fsm.Client && f.SYN.Frame != 0 {
				syn = f.SYN.Frame
			}
			return []fsm.Frame{syn, rst.Prior, rst.Frame}
		}
	}
	_, syn := notable(f, side, fsm.SYNInSync)
	if syn == nil {
		return nil
	}
	var frames []fsm.Frame
	for i := range f.Notable() {
		k := &f.Notable()[i]
		switch {
		case k.Nth < syn.Nth:
		case k.Frame == syn.Frame:
			frames = []fsm.Frame{k.Frame}
		case len(frames) == 1 && k.From != side && k.Meaning.Any(fsm.ChallengeACK):
			frames = append(frames, k.Frame)
		case len(frames) == 2 && k.From == side && k.Meaning.Any(fsm.RSTSent):
			return append(frames, k.Frame)
		}
	}
	return nil
}
