package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var abortiveClose = &Check{
	Name: record.CheckAbortiveClose, Title: "connection reset", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.5",
	Condition: "A side that has sent no FIN ends an open connection with a RST. Data still in flight is discarded, and there is no TIME-WAIT.",
	Benign: []string{
		"normal for many applications that have all they need", "SO_LINGER with a timeout of 0", "the application closed with unread data in its receive buffer, or crashed",
		"the host lost the connection's state", "a middlebox sends the RST in the host's name",
	},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "conn_state RSTO, RSTR"}, {Tool: "Wireshark", Name: "tcp.connection.rst"}},
	Filter:          "tcp.flags.reset == 1 && !(tcp.completeness & 16)",
	Meaning:         fsm.RSTSent,
	OncePerTemplate: "looks at flags, and at the states that follow from them",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if k := f.Dir[side].Keepalive; k != nil && k.GaveUp && k.Run() >= deadAfter || halfOpenRecovery(f, side) != nil || f.FIN(side) != nil {
				continue
			}
			f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(k *flow.NotableSegment) {
				if !k.States[side].Synchronized() || f.Transition(side, func(t *fsm.Transition) bool {
					return t.Event == fsm.SendRST && t.Frame == k.Frame && t.From.Synchronized()
				}) == nil {
					return
				}
				when := "with nothing captured of its peer before"
				if k.Prior != 0 {
					when = fmt.Sprintf("after frame %d of the %s", k.Prior.Number(), side.Peer())
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{k.Frame}, Count: 1, Seen: "RST in " + stateBefore(f, side, k).String(), Expected: "FIN",
					Message: fmt.Sprintf("The %s reset the connection in frame %d, %s.", side, k.Frame.Number(), when),
				})
			})
		}
	},
}
