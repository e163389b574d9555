package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var keepaliveWhileDataOutstanding = &Check{
	Name: record.CheckKeepaliveWhileDataOutstanding, Title: "keepalive while data is outstanding", Family: "keepalive",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.8.4 (MUST-26)",
	Condition: "A keepalive probe is sent while data of its sender is still unacknowledged.",
	Benign:    []string{"the ACK of that data was not captured", "a middlebox that probes in the host's name"},
	Filter:    "tcp.analysis.keep_alive", Needs: Whole,
	Facts: flow.Facts(flow.KeepaliveEarly),
	Judge: eachSideShowing(flow.KeepaliveEarly, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "probe at " + number(f, side, k.Segment.Seq), Expected: "retransmission of the outstanding data",
			Message: fmt.Sprintf("The %s sent a keepalive in frame %d although data of its own was still unacknowledged.", side, k.Frame.Number()),
		}
	}),
}
