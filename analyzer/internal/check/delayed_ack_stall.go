package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var delayedACKStall = &Check{
	Name: record.CheckDelayedACKStall, Title: "Nagle and delayed ACK stall", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.7.4, §3.8.6.3",
	Condition: "Three times or more a side sends its next data, less than a full segment and no more than the window had room for before, within 5 ms of an ACK without data that its peer delayed by 35 to 500 ms, the round trip from the tap to that side and back left out of both: Nagle's algorithm on one side waits for the delayed ACK of the other.",
	Benign:    []string{"an application that sends at that interval by itself"},
	Filter:    "tcp.time_delta > 0.035 && tcp.len == 0",

	OncePerTemplate: "a clean connection has too few delayed ACKs",
	Thresholds: []Threshold{
		{Name: "times", Count: 3, Meaning: "a side waits for a delayed ACK so often"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			w := d.WindowStats()
			if w.Stalls.N < by.Count("times") {
				continue
			}
			mean := w.StallTime / fsm.Time(w.Stalls.N)
			rtt := f.PathRTT()
			if rtt == 0 {
				rtt = d.RTT().Min
			}
			found(Finding{
				Side: side.String(), Frames: w.Stalls.Frames, Count: w.Stalls.N, Cost: w.StallTime,
				Seen: fmt.Sprintf("%s of %s on average, RTT %s", phrase.Counted(w.Stalls.N, "stall", "stalls"), phrase.Elapsed(mean), phrase.Elapsed(rtt)), Expected: "the rest of the data at once",
				Message: fmt.Sprintf("The %s waited %s for a delayed ACK before it sent more, first before frame %d, %s in all.", side, phrase.Times(w.Stalls.N), w.Stalls.Frames[0].Number(), phrase.Elapsed(w.StallTime)),
			})
		}
	},
}
