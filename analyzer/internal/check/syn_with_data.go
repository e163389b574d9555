package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var synWithData = &Check{
	Name: record.CheckSYNWithData, Title: "data on a SYN without Fast Open", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.2",
	Condition:       "A SYN carries data and no Fast Open option, and no SYN-ACK acknowledges that data (where one does, `tfo-accepted` tells it: Fast Open works without a cookie too). It is legal, but the receiver must not deliver the data before the handshake is complete, and hardly any stack sends it.",
	Benign:          []string{"T/TCP or a private Fast Open form", "a scan or OS fingerprinting"},
	Peers:           []record.PeerName{{Tool: "Snort", Name: "129:2"}, {Tool: "Zeek", Name: "SYN_with_data"}},
	Filter:          "tcp.flags.syn == 1 && tcp.len > 0 && !tcp.options.tfo",
	Facts:           flow.Facts(flow.SYNData),
	OncePerTemplate: "looks at the flags and options, and whether there is data",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.AllFacts.Has(flow.FastOpenTaken) {
			return
		}
		eachSideShowing(flow.SYNData, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
			x := Finding{
				Seen: phrase.Bytes(k.Segment.Len), Expected: "none without Fast Open",
				Message: fmt.Sprintf("The SYN in frame %d carries %s.", k.Frame.Number(), phrase.Bytes(k.Segment.Len)+" of data"),
			}
			if f.Dir[side].Kinds[flow.KindFastOpenFallback] > 0 {
				x.Doubt = "the data came again behind the SYN-ACK that left it out, as from a client that uses Fast Open without a cookie"
			}
			return x
		})(f, found)
	},
}
