package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var ecnUnnegotiated = &Check{
	Name: record.CheckECNUnnegotiated, Title: "ECN not negotiated", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 3168 §6.1.1",
	Condition: "A segment other than a SYN has ECE or CWR set although the handshake did not negotiate ECN.",
	Benign:    []string{"a middlebox cleared the bits of one SYN", "a stack that uses the bits for something else"},
	Peers:     []record.PeerName{{Tool: "argus", Name: "flags E, x, t"}},
	Filter:    "tcp.flags.syn == 0 && (tcp.flags.ece == 1 || tcp.flags.cwr == 1)",
	Facts:     flow.Facts(flow.ECNUnagreed),
	Judge: eachSideShowing(flow.ECNUnagreed, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{
			Seen: "[" + k.Segment.Flags.String() + "]", Expected: "neither ECE nor CWR",
			Message: fmt.Sprintf("Frame %d of the %s has ECE or CWR set, but ECN was not negotiated.", k.Frame.Number(), side),
		}
	}),
}

var ecnBleached = &Check{
	Name: record.CheckECNBleached, Title: "ECN marks removed on the path", Family: "options",
	Severity: record.SeverityNote, Rule: "RFC 3168 §6.1.2",
	Condition: "ECN was negotiated, and of ten or more segments with data in one direction none has ECT set in its IP header.",
	Benign:    []string{"a sender that negotiates ECN and does not use it", "a router that clears the field"},
	Filter:    "tcp.len > 0 && ip.dsfield.ecn == 0",

	OncePerTemplate: "a closed clean connection has not negotiated ECN, and others have too few segments",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.ECN {
			return
		}
		for _, side := range sides {
			d := &f.Dir[side]
			if d.DataSegments < 10 || d.Marked > 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{d.LastDataFrame}, Count: 1,
				Seen: "ECT on none of " + phrase.Counted(d.DataSegments, "segment", "segments"), Expected: "ECT set",
				Message: fmt.Sprintf("ECN was negotiated, but none of the %s's %s data segments has ECT set, the last of them frame %d.", side, phrase.Count(d.DataSegments), d.LastDataFrame.Number()),
			})
		}
	},
}
