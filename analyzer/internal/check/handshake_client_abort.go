package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var handshakeClientAbort = &Check{
	Name: record.CheckHandshakeClientAbort, Title: "client resets instead of completing the handshake", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "observer: RFC 9293 §3.10.7.1 has CLOSED answer a SYN-ACK with this RST",
	Condition: "The client answers an acceptable SYN-ACK with a RST and never sends the final ACK of the handshake; with a doubt where the SYN-ACK came a second after the SYN, or the RST is a socket's own.",
	Benign: []string{
		"a SYN scan", "a health check that stops at the SYN-ACK", "the application gave up before the SYN-ACK came",
		"an old duplicate SYN reached a server",
	},
	Peers:  []record.PeerName{{Tool: "Zeek", Name: "conn_state RSTO"}},
	Filter: "tcp.completeness == 35 || tcp.completeness == 39", Needs: InStep,
	Meaning:         fsm.RSTSent,
	OncePerTemplate: "looks at flags, and at the states that follow from them",
	Judge: func(f *flow.Flow, found func(Finding)) {
		rst := f.RST[fsm.Client]
		if f.SYNACK.Nth == 0 || f.SYN.Nth == 0 || f.FinalACK.Nth != 0 || rst.Nth == 0 || f.Conn.End[fsm.Client].State != fsm.Closed {
			return
		}
		x := Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame, rst.Frame}, Count: 1,
			Seen: "RST", Expected: "ACK of the SYN-ACK",
			Message: fmt.Sprintf("The client reset the connection in frame %d, %s after the SYN-ACK, instead of acknowledging it.",
				rst.Frame.Number(), phrase.Elapsed(rst.Time-f.SYNACK.Time)),
		}
		waited := rst.Time - f.SYN.Time
		switch withAck := rstHasAck(f, fsm.Client, rst.Frame); {
		case withAck && f.SYNs[fsm.Client] == 1:
			x.Doubt = "the RST acknowledges the SYN-ACK, so a socket sent it, as that of a load balancer which checks the port"
		case !withAck && waited >= patience:
			x.Doubt = "the SYN-ACK came only " + phrase.Elapsed(waited) + " after the SYN, and the application may have given up before"
		}
		found(x)
	},
}

// patience is how long a client waits for a SYN-ACK, at least, before it may give up: its
// SYN, or the answer to it, was lost then, and comes again after a second.
const patience = 900_000_000

// rstHasAck reports whether the RST that side sent in the frame carries an ACK.
func rstHasAck(f *flow.Flow, side fsm.Side, frame fsm.Frame) (has bool) {
	f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(k *flow.NotableSegment) {
		has = has || k.Frame == frame && k.Segment.Flags.Has(fsm.ACK)
	})
	return has
}
