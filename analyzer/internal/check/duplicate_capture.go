package check

import (
	"fmt"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var duplicateCapture = &Check{
	Name: record.CheckDuplicateCapture, Title: "frames captured twice", Family: "capture",
	Severity: record.SeverityCapture, Rule: "observer: the same IP packet within 20 ms is one packet captured twice",
	Condition:       "The same packet is captured twice: same header, data and IPv4 identification, within 20 ms (without an identification: within 1 ms, or on another interface). Duplicates are ignored in the analysis.",
	Benign:          []string{"a mirror (SPAN) port that copies both directions", "a capture on all interfaces of a router or bridge", "the network delivered a packet twice within 20 ms"},
	Peers:           []record.PeerName{{Tool: "tcptrace", Name: "hardware dups"}, {Tool: "Wireshark", Name: "tcp.analysis.retransmission (by mistake)"}},
	Filter:          "tcp.analysis.retransmission || tcp.analysis.duplicate_ack",
	Facts:           flow.Facts(flow.Doubled),
	OncePerTemplate: "counts the copies",
	Judge: func(f *flow.Flow, found func(Finding)) {
		a, _ := notable(f, fsm.Client, 0, flow.Doubled)
		b, _ := notable(f, fsm.Server, 0, flow.Doubled)
		n := int(f.Dir[0].Doubled + f.Dir[1].Doubled)
		all := int(f.Dir[0].Packets+f.Dir[1].Packets) + n
		frames := append(a, b...)
		slices.Sort(frames)
		message := "One frame of this connection was captured twice; the duplicate is ignored."
		if n > 1 {
			message = fmt.Sprintf("%s frames of this connection were captured twice; the duplicates are ignored.", phrase.Count(n))
		}
		found(Finding{
			Frames: frames, Count: n, Seen: fmt.Sprintf("%s in %s", phrase.Counted(n, "duplicate", "duplicates"), phrase.Counted(all, "frame", "frames")), Expected: "each frame once",
			Message: message,
		})
	},
}
