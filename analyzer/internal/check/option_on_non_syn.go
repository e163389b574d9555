package check

import (
	"fmt"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionOnNonSYN = &Check{
	Name: record.CheckOptionOnNonSYN, Title: "SYN option on another segment", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.7.1, RFC 7323 §2.2, RFC 2018 §2",
	Condition:       "MSS, window scale or SACK-permitted, which are for SYNs, on a segment without SYN.",
	Benign:          []string{"a broken middlebox", "a fuzzer"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.options.mss.present"}},
	Filter:          "tcp.flags.syn == 0 && (tcp.options.mss || tcp.options.wscale || tcp.options.sack_perm)",
	Facts:           flow.Facts(flow.OptionOnNonSYN),
	OncePerTemplate: "looks at the options as a set",
	Judge: eachSideShowing(flow.OptionOnNonSYN, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: synOptionNames(k.Segment.Opts), Expected: "on SYNs only",
			Message: fmt.Sprintf("Frame %d carries %s, which is for SYNs only.", k.Frame.Number(), synOptionNames(k.Segment.Opts))}
	}),
}

func synOptionNames(o fsm.OptionSet) string {
	var names []string
	if o.Has(fsm.OptMSS) {
		names = append(names, "MSS")
	}
	if o.Has(fsm.OptWindowScale) {
		names = append(names, "window scale")
	}
	if o.Has(fsm.OptSACKPermitted) {
		names = append(names, "SACK-permitted")
	}
	return strings.Join(names, ", ")
}
