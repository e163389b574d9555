package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var sillyWindow = &Check{
	Name: record.CheckSillyWindow, Title: "silly window syndrome", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.6.2.2 (MUST-39)",
	Condition:       "A zero window is opened three times or more by less than a segment and less than half of the largest window advertised.",
	Benign:          []string{"a very small receive buffer"},
	Filter:          "tcp.analysis.window_update",
	Facts:           flow.Facts(flow.ZeroWindow),
	OncePerTemplate: "a clean connection does not open a closed window",
	Thresholds: []Threshold{
		{Name: "times", Count: 3, Meaning: "a closed window is opened by too little so often"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			o := f.Dir[side].WindowStats().SmallOpening
			if o.N < by.Count("times") {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: o.Frames, Count: o.N,
				Seen: fmt.Sprintf("zero window opened %s by less than a segment", phrase.Times(o.N)), Expected: "room for a segment, or half the buffer",
				Message: fmt.Sprintf("The %s opened its zero window by less than a segment %s, first in frame %d: silly window syndrome.", side, phrase.Times(o.N), o.Frames[0].Number()),
			})
		}
	},
}
