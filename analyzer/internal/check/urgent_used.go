package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var urgentUsed = &Check{
	Name: record.CheckUrgentUsed, Title: "urgent data", Family: "header",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.5",
	Condition:       "A segment other than a SYN has URG set. New applications should not use the urgent mechanism (RFC 6093).",
	Benign:          []string{"telnet, rlogin and ftp use it"},
	Filter:          "tcp.flags.urg == 1",
	Facts:           flow.Facts(flow.UrgentData),
	OncePerTemplate: "looks at the flags",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, 0, flow.Facts(flow.UrgentData), func(k *flow.NotableSegment) bool { return !k.Facts.Any(illegalFlags) })
			if first != nil {
				found(Finding{
					Side: side.String(), Frames: frames, Count: f.CountFact(side, flow.UrgentData), Seen: fmt.Sprintf("urgent pointer %d", first.Segment.Urgent), Expected: "no urgent data",
					Message: fmt.Sprintf("The %s sent urgent data, first in frame %d.", side, first.Frame.Number()),
				})
			}
		}
	},
}
