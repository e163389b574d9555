package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// oldDuplicateSYN finds SYNs that come too late, by themselves or by the SYN-ACK
// that they draw.
var oldDuplicateSYN = &Check{
	Name: record.CheckOldDuplicateSYN, Title: "old duplicate SYN", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.5",
	Condition:       "A SYN that its sender no longer means: in SYN-SENT another SYN of the client is answered and the client resets that answer (RFC 9293 Figure 8); or the connection's own SYN arrives again after the handshake; or the server, after the close, answers such a SYN with a new SYN-ACK.",
	Benign:          []string{"a SYN was delayed in the network; the protocol recovers by itself", "a forged SYN"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "SYN_seq_jump"}, {Tool: "Suricata", Name: "stream.3whs_syn_resend_diff_seq_on_syn_recv"}},
	Filter:          "tcp.flags.syn == 1 && (tcp.analysis.reused_ports || tcp.analysis.retransmission)",
	Meaning:         fsm.SYNInSync | fsm.SYNAgain,
	OncePerTemplate: "looks at flags, and at the states that follow from them",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, fsm.SYNInSync|fsm.SYNAgain, flow.Facts(), func(k *flow.NotableSegment) bool {
				return otherSYN(k) || lateSYN(k) && !triesAgain(f, k) || answersOldSYN(k)
			})
			if first == nil {
				continue
			}
			x := Finding{Side: side.String(), Frames: frames, Seen: fmt.Sprintf("SYN with ISN %d", first.Segment.Seq)}
			switch {
			case otherSYN(first):
				x.Expected = fmt.Sprintf("ISN %d, the %s's SYN", f.Conn.End[side].ISS, side)
				x.Message = fmt.Sprintf("The SYN in frame %d is an old duplicate: the %s reset the answer to it.", first.Frame.Number(), side)
			case lateSYN(first):
				x.Expected = "no SYN after the handshake"
				x.Message = fmt.Sprintf("The connection's SYN arrived again in frame %d, %s after the first: a delayed duplicate.", first.Frame.Number(), phrase.Elapsed(first.Time-f.First.Time))
			default:
				x.Seen = fmt.Sprintf("SYN-ACK with ISN %d", first.Segment.Seq)
				x.Expected = "nothing after the close"
				x.Message = fmt.Sprintf("The %s answered an old duplicate SYN with the SYN-ACK in frame %d although the connection was closed.", side, first.Frame.Number())
			}
			found(x)
		}
	},
}

// otherSYN reports a SYN with another number from a side in SYN-SENT.
func otherSYN(k *flow.NotableSegment) bool {
	return k.Meaning.Any(fsm.SYNInSync) && !k.Segment.Flags.Has(fsm.ACK) && k.States[k.From] == fsm.SynSent
}

// lateSYN reports the connection's own SYN from a side that is past the
// handshake, and stays so.
func lateSYN(k *flow.NotableSegment) bool {
	s := k.States[k.From]
	return k.Meaning.Any(fsm.SYNAgain) && !k.Meaning.Any(fsm.TookBack) && s != fsm.SynSent && s != fsm.SynReceived
}

// triesAgain reports whether the SYN comes from a client that has reset the answers to it
// so far: it still wants the connection, but does not know those answers.
func triesAgain(f *flow.Flow, k *flow.NotableSegment) bool {
	return f.FinalACK.Nth == 0 && k.States[k.From] == fsm.Closed && f.Dir[k.From].RSTs > 0
}

// answersOldSYN reports a SYN-ACK with a new number from a closed side.
func answersOldSYN(k *flow.NotableSegment) bool {
	return k.Meaning.Any(fsm.SYNInSync) && k.Segment.Flags.Has(fsm.ACK) && !k.States[k.From].Synchronized()
}
