package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var sackNotTranslated = &Check{
	Name: record.CheckSACKNotTranslated, Title: "SACK blocks not translated (sequence randomisation)", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 2018 §3; observer: a firewall that rewrites sequence numbers must rewrite SACK blocks too",
	Condition: "Two or more SACKs of a side are far from their acks, all by about the same distance: a middlebox rewrites sequence numbers but not the SACK blocks. Every loss then ends in a retransmission timeout.",
	Benign:    []string{"an attacker who repeats one guess"},
	Filter:    "tcp.options.sack_le",
	Facts:     flow.Facts(flow.SACKInvalid),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			shift := shiftedSACKs(f, side)
			if shift == 0 {
				continue
			}
			frames, k := invalidSACKs(f, side)
			if k == nil {
				continue // they lie within what was sent in the end
			}
			b := k.Segment.SACK[0]
			found(Finding{
				Side: side.String(), Frames: frames,
				Seen: fmt.Sprintf("ack %d, block %d to %d", k.Segment.Ack, b.From, b.To), Expected: "a block just above the ack",
				Message: fmt.Sprintf("The %s's SACK blocks, first in frame %d, are all about %s away from its acks: a middlebox rewrites sequence numbers but not SACK blocks.",
					side, k.Frame.Number(), phrase.Bytes(shift)),
			})
		}
	},
}

// shiftedSACKs returns by how much side's invalid SACK blocks lie off their
// acknowledgments, if that is the same for two or more of them but for a
// window's size, else 0.
func shiftedSACKs(f *flow.Flow, side fsm.Side) int32 {
	const near = 1 << 20
	var shift int32
	n := 0
	same := true
	f.EachNotable(side, 0, flow.Facts(flow.SACKInvalid), func(k *flow.NotableSegment) {
		d := k.Segment.SACK[0].From.Minus(k.Segment.Ack)
		if n++; n == 1 {
			shift = d
		} else if diff := int64(d) - int64(shift); diff > near || diff < -near {
			same = false
		}
	})
	if n < 2 || !same || shift < near && shift > -near {
		return 0
	}
	return shift
}
