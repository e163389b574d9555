package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var dataAfterFIN = &Check{
	Name: record.CheckDataAfterFIN, Title: "data after the sender's own FIN", Family: "teardown",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.6",
	Condition: "A side sends data with sequence numbers at or beyond its own FIN.",
	Benign:    []string{"the FIN was forged", "the data belongs to a new connection on the same ports whose handshake was not captured"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "129:3"}},
	Filter:    "tcp.completeness & 16 && tcp.len > 0", Needs: Beginning,
	Meaning: fsm.DataAfterFIN,
	Judge: eachSideMeaning(fsm.DataAfterFIN, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen:     fmt.Sprintf("seq %s, %s", number(f, side, k.Segment.Seq), phrase.Bytes(k.Segment.Len)),
			Expected: "nothing beyond the FIN at " + number(f, side, f.Conn.End[side].FinSeq),
			Message: fmt.Sprintf("The %s sent %s in frame %d beyond its own FIN.",
				side, phrase.Bytes(k.Segment.Len)+" of data", k.Frame.Number()),
		}
	}),
}
