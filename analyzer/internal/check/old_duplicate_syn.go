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
	Condition: "A SYN that its sender does not stand by: while the client's SYN waits another one of it is answered and the client resets the answer (RFC 9293 Figure 8); or the connection's own SYN comes once more when the handshake is long over; or the server, after the end, answers such a SYN with a new SYN-ACK.",
	Benign:    []string{"a SYN was delayed in the network; the protocol recovers by itself", "a forged SYN"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "SYN_seq_jump"}, {Tool: "Suricata", Name: "stream.3whs_syn_resend_diff_seq_on_syn_recv"}},
	Filter:    "tcp.flags.syn == 1 && (tcp.analysis.reused_ports || tcp.analysis.retransmission)",
	Meaning:   fsm.SYNInSync | fsm.SYNAgain,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, fsm.SYNInSync|fsm.SYNAgain, flow.Facts(), func(k *flow.NotableSegment) bool {
				return otherSYN(k) || lateSYN(k) || answersOldSYN(k)
			})
			if first == nil {
				continue
			}
			x := Finding{Side: side.String(), Frames: frames, Seen: fmt.Sprintf("SYN with number %d", first.Segment.Seq)}
			switch {
			case otherSYN(first):
				x.Expected = fmt.Sprintf("%d, the %s's SYN", f.Conn.End[side].ISS, side)
				x.Message = fmt.Sprintf("The SYN in frame %d is not the one that the %s stands by: it reset the answer.", first.Frame.Number(), side)
			case lateSYN(first):
				x.Expected = "no SYN after the handshake"
				x.Message = fmt.Sprintf("The connection's SYN came once more in frame %d, %s after the first: a copy delayed on its way.", first.Frame.Number(), phrase.Elapsed(first.Time-f.First.Time))
			default:
				x.Seen = fmt.Sprintf("SYN-ACK with number %d", first.Segment.Seq)
				x.Expected = "silence after the end"
				x.Message = fmt.Sprintf("The %s answered an old SYN with the SYN-ACK in frame %d although the connection was over.", side, first.Frame.Number())
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

// answersOldSYN reports a SYN-ACK with a new number from a closed side.
func answersOldSYN(k *flow.NotableSegment) bool {
	return k.Meaning.Any(fsm.SYNInSync) && k.Segment.Flags.Has(fsm.ACK) && !k.States[k.From].Synchronized()
}
