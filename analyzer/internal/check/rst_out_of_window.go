package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var rstOutOfWindow = &Check{
	Name: record.CheckRSTOutOfWindow, Title: "RST outside the window", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §3)",
	Condition: "A RST is outside the receiver's window: it must be dropped silently. Left out are the RSTs with which a closed endpoint answers what its peer still had in flight.",
	Benign:    []string{"a RST of an earlier connection on the same ports", "a middlebox that has lost track", "an off-path attacker's guess", "the window scale was not captured"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:15"}, {Tool: "nf_conntrack", Name: "invalid RST"}},
	Filter:    "tcp.flags.reset == 1", Needs: Beginning | Whole,
	Meaning: fsm.RSTOutside,
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, fsm.RSTOutside, flow.Facts(), func(k *flow.NotableSegment) bool { return !lateAnswer(f, side, k) })
			if first != nil {
				x := rstFinding("outside the window of the")(f, side, first)
				x.Side, x.Frames = side.String(), frames
				found(x)
			}
		}
	},
}

// lateAnswer reports whether a RST is what an endpoint without a connection, as
// side is after its FIN or with a RST for each segment that comes, answers to a
// segment that was under way: it takes its number from that segment's
// acknowledgment, which was older.
func lateAnswer(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) bool {
	const underWay = 1 << 16
	e := &f.Conn.End[side]
	closed := e.SentFIN && e.FinSeq.Before(k.Next) || f.Dir[side].RSTs > 1
	behind := k.Next.Minus(k.Segment.Seq)
	return closed && !k.Segment.Flags.Has(fsm.ACK) && behind > 0 && behind <= underWay
}
