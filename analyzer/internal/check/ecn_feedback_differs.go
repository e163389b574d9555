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
	Condition: "With Accurate ECN, the SYN-ACK or the ACK of it reports another ECN field than the SYN, or the SYN-ACK, was captured with; or a side reports fewer CE marks than packets to it were captured with, all of which it acknowledges; or its options (kinds 172 and 174) report fewer bytes with CE than were captured, or fewer with ECT(0) or ECT(1) than marks behind the tap explain, of a direction without retransmissions; or such an option begins with a counter of 0.",
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
			if x := f.CountersChanged(side); x.Frame != 0 {
				found(countersDiffer(f, side, &x))
			}
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

// countersDiffer is the finding on the counters in options about the side's data.
func countersDiffer(f *flow.Flow, side fsm.Side, x *flow.CounterChange) Finding {
	found := Finding{Side: side.Peer().String(), Frames: []fsm.Frame{x.Frame}, Count: 1}
	if x.Zeroed {
		found.Seen, found.Expected = "a counter of 0", "1 or more, as it begins with"
		found.Message = fmt.Sprintf("The first Accurate ECN option of the %s, in frame %d, has a counter of 0 that begins with 1: a middlebox may have zeroed the option (RFC 9768 §3.2.3.2.4).", side.Peer(), x.Frame.Number())
		return found
	}
	field := ecnFields[x.Field&3]
	found.Seen, found.Expected = phrase.Bytes(x.Told)+" with "+field+" reported", phrase.Count(x.Seen)+", as captured"
	found.Message = fmt.Sprintf("The Accurate ECN option in frame %d of the %s reports %s with %s; of the %s's data %s captured with it.",
		x.Frame.Number(), side.Peer(), phrase.Bytes(x.Told), field, side, phrase.Counted(x.Seen, "byte was", "bytes were"))
	return found
}

// ecnFields are the codepoints of the IP header's ECN field (RFC 3168 §5).
var ecnFields = [4]string{"Not-ECT", "ECT(1)", "ECT(0)", "CE"}
