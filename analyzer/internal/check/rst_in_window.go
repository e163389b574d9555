package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var rstInWindow = &Check{
	Name: record.CheckRSTInWindow, Title: "RST in window but not at RCV.NXT", Family: "reset",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.7.4 (RFC 5961 §3)",
	Condition: "A RST is in the receiver's window but not exactly at RCV.NXT: the receiver must answer with a challenge ACK and change nothing. Or, with a doubt, it lies between what the receiver had acknowledged and what had passed the tap without a hole, where RCV.NXT lies too.",
	Benign:    []string{"data before the RST was lost", "a host that resets with the number of its last segment", "an off-path attacker's guess"},
	Peers:     []record.PeerName{{Tool: "Snort", Name: "rsts_in_window"}},
	Filter:    "tcp.flags.reset == 1", Needs: Beginning | Whole,
	Meaning: fsm.RSTInWindow | fsm.RSTPerhapsExact,
	Judge:   eachSideMeaning(fsm.RSTInWindow|fsm.RSTPerhapsExact, insideWindow),
}

// insideWindow describes a RST that ends the connection only if it happens to be exact.
func insideWindow(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
	x := rstFinding("within the window of the")(f, side, k)
	if k.Meaning.Any(fsm.RSTPerhapsExact) {
		x.Doubt = "how much of what had passed here had arrived is not known"
		x.Message = fmt.Sprintf("The RST in frame %d is %s before the end of what had passed here on its way to the %s, and that had not acknowledged so much: it resets the connection only if just what lies before it had arrived.",
			k.Frame.Number(), phrase.Bytes(k.Next.Minus(k.Segment.Seq)), side.Peer())
		x.Expected = "seq at RCV.NXT, which is " + number(f, side, k.Next) + " at most"
	}
	return x
}

// rstFinding describes a RST that does not end the connection.
func rstFinding(where string) func(*flow.Flow, fsm.Side, *flow.NotableSegment) Finding {
	return func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		off, way := int(k.Segment.Seq.Minus(k.Next)), "beyond"
		if off < 0 {
			off, way = -off, "before"
		}
		return Finding{
			Seen: "seq " + number(f, side, k.Segment.Seq), Expected: "seq " + number(f, side, k.Next),
			Message: fmt.Sprintf("The RST in frame %d is %s %s, %s %s the sequence number that would reset the connection.",
				k.Frame.Number(), where, side.Peer(), phrase.Bytes(off), way),
		}
	}
}
