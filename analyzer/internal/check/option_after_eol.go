package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionAfterEOL = &Check{
	Name: record.CheckOptionAfterEOL, Title: "non-zero bytes after End of Option List", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.1 (MUST-69)",
	Condition: "The bytes between End of Option List and the data are not zero.",
	Benign:    []string{"a stack that does not clear its buffer", "a covert channel", "a fuzzer"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.non_zero_bytes_after_eol"}},
	Filter:    "tcp.option_kind == 0",
	Facts:     flow.Facts(flow.OptionsAfterEnd),

	OncePerTemplate: "looks at the options as a set",
	Judge: eachSideShowing(flow.OptionsAfterEnd, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "bytes other than 0", Expected: "zeros",
			Message: fmt.Sprintf("Frame %d has non-zero bytes after End of Option List.", k.Frame.Number()),
		}
	}),
}
