package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var seqOutOfWindowRight = &Check{
	Name: record.CheckSeqOutOfWindowRight, Title: "data far beyond the window", Family: "sequence",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.7.4 (Table 6)",
	Condition: "Data starts so far beyond the receiver's window (by more than twice its size and a megabyte; a gigabyte where the window scale is unknown) that it cannot belong to the stream.",
	Benign:    []string{"an off-path attacker's guess", "a segment of an earlier connection on the same ports", "a middlebox that has lost track of the numbers it rewrites"},
	Peers: []record.PeerName{
		{Tool: "Suricata", Name: "stream.est_packet_out_of_window"}, {Tool: "Snort", Name: "invalid_seq_right"}, {Tool: "nf_conntrack", Name: "over the window of the receiver"},
	},
	Filter: "tcp.analysis.lost_segment", Needs: Beginning,
	Meaning: fsm.OutsideWindow,
	Judge: eachSideMeaning(fsm.OutsideWindow, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "seq " + number(f, side, k.Segment.Seq), Expected: "near " + number(f, side, k.Next),
			Message: fmt.Sprintf("The data in frame %d is %s beyond what the %s expects from the %s.", k.Frame.Number(), phrase.Bytes(k.Segment.Seq.Minus(k.Next)), side.Peer(), side),
		}
	}),
}
