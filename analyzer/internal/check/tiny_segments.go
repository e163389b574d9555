package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var tinySegments = &Check{
	Name: record.CheckTinySegments, Title: "small segments", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.7.4 (SHLD-7)",
	Condition: "A side sends 30 segments or more in a row, each smaller than half the peer's MSS, each within 10 ms of the one before, and without data from the peer in between.",
	Benign:    []string{"an application that sends small messages at once (TCP_NODELAY)", "a small window"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:12"}},
	Filter:    "tcp.len > 0 && tcp.len < 700",

	OncePerTemplate: "a clean connection has too few small segments",
	Thresholds: []Threshold{
		{Name: "count", Count: 30, Meaning: "so many small segments are sent in a row"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			w := f.Dir[side].WindowStats()
			if w.TinyRun.N < by.Count("count") {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: w.TinyRun.Frames, Count: w.TinyRun.N,
				Seen: fmt.Sprintf("%s of %s on average", phrase.Counted(w.TinyRun.N, "segment", "segments"), phrase.Bytes(w.TinyBytes/uint64(w.TinyRun.N))), Expected: "full segments",
				Message: fmt.Sprintf("The %s sent %s small segments in a row, from frame %d on, with %s in all.", side, phrase.Count(w.TinyRun.N), w.TinyRun.Frames[0].Number(), phrase.Bytes(w.TinyBytes)),
			})
		}
	},
}
