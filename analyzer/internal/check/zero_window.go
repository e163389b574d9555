package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var zeroWindow = &Check{
	Name: record.CheckZeroWindow, Title: "zero window", Family: "window",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.6",
	Condition:       "A side advertises a zero window before the peer has finished sending: its application reads more slowly than the peer sends.",
	Benign:          []string{"an application that is busy for a moment"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.zero_window"}, {Tool: "Zeek", Name: "history W"}, {Tool: "tcptrace", Name: "zero win adv"}},
	Filter:          "tcp.analysis.zero_window",
	Facts:           flow.Facts(flow.ZeroWindow),
	OncePerTemplate: "counts the closed windows",
	Judge: eachSideShowing(flow.ZeroWindow, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		d := &f.Dir[side]
		n := int(d.ZeroWindows)
		message := fmt.Sprintf("The %s advertised a zero window in frame %d for %s; ", side, k.Frame.Number(), phrase.Elapsed(d.ZeroWindowTime))
		if n > 1 {
			message = fmt.Sprintf("The %s advertised a zero window %s, first in frame %d, for %s in all; ", side, phrase.Times(n), k.Frame.Number(), phrase.Elapsed(d.ZeroWindowTime))
		}
		if probes := int(f.Dir[side.Peer()].WindowProbes); probes > 0 {
			message += "the peer sent " + phrase.Counted(probes, "window probe", "window probes") + "."
		} else {
			message += "the peer sent no window probe."
		}
		return Finding{
			Count: n, Seen: "window 0 for " + phrase.Elapsed(d.ZeroWindowTime), Expected: "a window above 0",
			Message: message,
		}
	}),
}
