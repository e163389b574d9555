package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var headerMalformed = &Check{
	Name: record.CheckHeaderMalformed, Title: "invalid data offset (TCP header length)", Family: "header",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.1",
	Condition: "The data offset of a segment with this connection's addresses and ports is below 5 or beyond the segment's end, so the segment cannot be decoded. It is counted as skipped.",
	Benign:    []string{"a fuzzer", "a packet corrupted on the path"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.bogus_header_length"}, {Tool: "Zeek", Name: "bad_TCP_header_len"}, {Tool: "Suricata", Name: "tcp.hlen_too_small"}, {Tool: "Snort", Name: "116:46"}},
	Filter:    "tcp.bogus_header_length",
	Facts:     flow.Facts(flow.HeaderBroken),
	Judge: eachSideShowing(flow.HeaderBroken, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: "a data offset outside the segment", Expected: "5 to 15 words, within the segment",
			Message: fmt.Sprintf("Frame %d cannot be decoded: its TCP header length is invalid.", k.Frame.Number())}
	}),
}
