package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var keepaliveExcessive = &Check{
	Name: record.CheckKeepaliveExcessive, Title: "excessive keepalive probes", Family: "keepalive",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.4 (MUST-26, MUST-28)",
	Condition: "9 or more keepalive probes in a row are not answered (hosts give up after 9 or 10), or 10 or more probes are less than 5 s apart on average. The default keepalive idle time must be at least 2 hours.",
	Benign:    []string{"an application that sets a short interval to keep a NAT mapping alive", "the answers were not captured"},
	Filter:    "tcp.analysis.keep_alive", Needs: BothSides | Whole,

	OncePerTemplate: "a clean connection has fewer probes, and they are answered",
	Thresholds: []Threshold{
		{Name: "unanswered", Count: tooManyUnanswered, Meaning: "so many probes in a row are not answered"},
		{Name: "probes", Count: 10, Meaning: "so many probes are sent, closer than the interval"},
		{Name: "interval", Time: 5 * fsm.Second, Meaning: "probes are closer than this, on average"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			k := f.Dir[side].Keepalive
			if k == nil {
				continue
			}
			var mean fsm.Time
			if k.Intervals > 0 {
				mean = k.SumIntervals / fsm.Time(k.Intervals)
			}
			switch {
			case k.LongestUnanswered >= uint64(by.Count("unanswered")):
				found(Finding{
					Side: side.String(), Frames: k.LongestRun, Count: int(k.LongestUnanswered), Doubt: refusedProbes(k),
					Seen: fmt.Sprintf("%s unanswered in a row, %s apart", phrase.Count(k.LongestUnanswered), phrase.Elapsed(mean)), Expected: fmt.Sprintf("fewer than %d", by.Count("unanswered")),
					Message: fmt.Sprintf("The %s sent %s in a row without an answer, the first after %s idle.", side, phrase.Counted(k.LongestUnanswered, "keepalive probe", "keepalive probes"), phrase.Elapsed(k.Idle)),
				})
			case k.Probes >= uint64(by.Count("probes")) && mean < by.Time("interval"):
				answered := fmt.Sprintf("%s were answered", phrase.Count(k.Answered))
				switch k.Answered {
				case 0:
					answered = "none was answered"
				case k.Probes:
					answered = "all were answered"
				case 1:
					answered = "one was answered"
				}
				found(Finding{
					Side: side.String(), Frames: k.Frames, Count: int(k.Probes),
					Seen: fmt.Sprintf("%s, %s apart", phrase.Counted(k.Probes, "probe", "probes"), phrase.Elapsed(mean)), Expected: "2 hours idle by default before a probe",
					Message: fmt.Sprintf("The %s sent %s, one every %s; %s.", side, phrase.Counted(k.Probes, "keepalive probe", "keepalive probes"), phrase.Elapsed(mean), answered),
				})
			}
		}
	},
}

const (
	tooManyUnanswered = 9 // Linux and BSD give up after 9 or 8 probes, Windows after 10
	deadAfter         = 2 // unanswered probes before a RST that make a dead peer
)
