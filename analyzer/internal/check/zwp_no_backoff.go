package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var zwpNoBackoff = &Check{
	Name: record.CheckZeroWindowProbeNoBackoff, Title: "window probes without backoff", Family: "window",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.6.1 (SHLD-30)",
	Condition: "Four or more probes of one zero window come at intervals that do not grow by half, and stay below 30 s.",
	Benign:    []string{"the intervals had grown before, in an earlier zero window"},
	Filter:    "tcp.analysis.zero_window_probe || tcp.analysis.keep_alive",
	Facts:     flow.Facts(flow.WindowProbe),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			s := f.Dir[side].WindowStats().Steady
			if s.Probes == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: s.Frames, Count: s.Probes,
				Seen: fmt.Sprintf("%s, first %s and last %s apart", phrase.Counted(s.Probes, "probe", "probes"), phrase.Elapsed(s.First), phrase.Elapsed(s.Last)), Expected: "intervals that double",
				Message: fmt.Sprintf("The %s probed the zero window %s at intervals that stayed near %s.", side, phrase.Times(s.Probes), phrase.Elapsed(s.Last)),
			})
		}
	},
}
