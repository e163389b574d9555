package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var ecnFeedbackDiffers = &Check{
	Name: record.CheckECNFeedbackDiffers, Title: "Accurate ECN reports other marks than captured", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 9768 §3.2.2",
	Condition: "With Accurate ECN, the SYN-ACK or the ACK of it reports another ECN field than the SYN, or the SYN-ACK, was captured with; or a side reports fewer CE marks than packets to it were captured with, all of which it acknowledges.",
	Benign:    []string{"a router behind the tap changed the field", "segments that were lost behind the tap", "a receiver that joins packets before it counts them"},
	Filter:    "tcp.flags.ae == 1 || tcp.flags.cwr == 1 || tcp.flags.ece == 1",

	OncePerTemplate: "finds nothing: a clean connection has no ECN",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.ECNMode != record.ECNAccurate {
			return
		}
		changed := false
		for _, side := range sides {
			if x, ok := f.ECNChanged(side); ok {
				changed = true
				name := [2]string{"SYN", "SYN-ACK"}[side]
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{x.Frame, x.Told}, Count: 1,
					Seen: ecnFields[x.Arrived&3] + " reported", Expected: ecnFields[x.Sent&3] + ", as captured",
					Message: fmt.Sprintf("The %s in frame %d was captured with %s, and frame %d reports that it arrived with %s.", name, x.Frame.Number(), ecnFields[x.Sent&3], x.Told.Number(), ecnFields[x.Arrived&3]),
				})
			}
		}
		for _, side := range sides {
			d, e, peer := &f.Dir[side], &f.Conn.End[side], &f.Conn.End[side.Peer()]
			reported, _ := f.CEReported(side)
			if changed || reported >= d.CEPackets || !peer.HasAck || peer.Acked != e.Out.Top {
				continue
			}
			found(Finding{
				Side: side.Peer().String(), Frames: []fsm.Frame{f.Dir[side.Peer()].Last.Frame}, Count: 1,
				Seen: phrase.Counted(reported, "CE mark", "CE marks") + " reported", Expected: phrase.Count(d.CEPackets) + ", as captured",
				Message: fmt.Sprintf("The %s reports %s up to frame %d; of the %s, %s captured with one.", side.Peer(), phrase.Counted(reported, "CE mark", "CE marks"),
					f.Dir[side.Peer()].Last.Frame.Number(), side, phrase.Counted(d.CEPackets, "packet was", "packets were")),
			})
		}
	},
}

// ecnFields are the codepoints of the IP header's ECN field (RFC 3168 §5).
var ecnFields = [4]string{"Not-ECT", "ECT(1)", "ECT(0)", "CE"}
