package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var sackInvalid = &Check{
	Name: record.CheckSACKInvalid, Title: "invalid SACK block", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 2018 §3, §4",
	Condition: "A SACK block reaches beyond everything that the peer sent or below its ISN, or SACK was not negotiated.",
	Benign:    []string{"the capture dropped the end of the data", "a middlebox that rewrites sequence numbers but not SACK blocks"},
	Filter:    "tcp.options.sack_le", Needs: Whole,
	Facts: flow.Facts(flow.SACKInvalid),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, k := invalidSACKs(f, side)
			if k == nil || shiftedSACKs(f, side) != 0 {
				continue
			}
			b := k.Segment.SACK[0]
			found(Finding{
				Side: side.String(), Frames: frames,
				Seen:     fmt.Sprintf("block %s to %s", number(f, side.Peer(), b.From), number(f, side.Peer(), b.To)),
				Expected: fmt.Sprintf("between the ack and %s", number(f, side.Peer(), k.SndNxt)),
				Message:  fmt.Sprintf("The %s's SACK in frame %d covers data that the %s had not sent.", side, k.Frame.Number(), side.Peer()),
			})
		}
	},
}

// invalidSACKs returns the frames of side's SACKs that lie outside all that the
// peer sent in the end, and the first of them.
func invalidSACKs(f *flow.Flow, side fsm.Side) (frames []fsm.Frame, first *flow.NotableSegment) {
	top := f.Conn.End[side.Peer()].Out.Top
	return notableThat(f, side, 0, flow.Facts(flow.SACKInvalid), func(k *flow.NotableSegment) bool {
		b := k.Segment.SACK[0]
		// What was sent later than the SACK was captured: the two directions are out of step.
		return !(b.To.After(k.Segment.Ack) && b.To.AtOrBefore(top))
	})
}
