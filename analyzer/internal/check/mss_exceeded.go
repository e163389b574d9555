package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var mssExceeded = &Check{
	Name: record.CheckMSSExceeded, Title: "segments larger than the peer's MSS", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.7.1 (MUST-16)",
	Condition: "Three segments or more carry more bytes than the peer's MSS, no packet of the direction is larger than 1500 bytes, and the capture shows no sign of TSO/GRO, which would explain it.",
	Benign:    []string{"captured before segmentation offload (TSO)", "a middlebox clamps the MSS beyond the tap"},
	Filter:    "tcp.len > 536",

	OncePerTemplate: "segments of a clean connection exceed the MSS only if they exceed 1500 bytes too, and then it finds nothing; of few segments too few do",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			w := d.WindowStats()
			mss := f.Dir[side.Peer()].Options.MSS
			if mss == 0 || w.TooLarge.N < 3 || d.Giants > 0 || d.Offloaded > 0 || w.Largest%uint32(mss) == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: w.TooLarge.Frames, Count: w.TooLarge.N,
				Seen: "up to " + phrase.Bytes(w.Largest), Expected: "at most " + phrase.Bytes(mss),
				Message: fmt.Sprintf("The %s sent %s larger than its peer's MSS of %s, first in frame %d.", side, phrase.Counted(w.TooLarge.N, "segment", "segments"), phrase.Bytes(mss), w.TooLarge.Frames[0].Number()),
			})
		}
	},
}
