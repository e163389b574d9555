package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionMalformed = &Check{
	Name: record.CheckOptionMalformed, Title: "malformed option", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.2 (MUST-7)",
	Condition: "The length of a TCP option is below 2, reaches beyond the header, or is wrong for its kind. Options after it may be unreadable.",
	Benign:    []string{"a broken middlebox", "a fuzzer"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.option.len.invalid"}, {Tool: "Suricata", Name: "tcp.opt_invalid_len"}, {Tool: "Snort", Name: "116:54–58"}},
	Filter:    "tcp.option.len.invalid",
	Facts:     flow.Facts(flow.OptionsMalformed),

	OncePerTemplate: "looks at the options as a set",
	Judge: eachSideShowing(flow.OptionsMalformed, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: "an invalid option length", Expected: "options that end with the header",
			Message: fmt.Sprintf("The options of frame %d cannot be decoded to the end.", k.Frame.Number())}
	}),
}
