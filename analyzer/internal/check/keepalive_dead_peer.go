package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var keepaliveDeadPeer = &Check{
	Name: record.CheckKeepaliveDeadPeer, Title: "peer unresponsive (keepalive timeout)", Family: "keepalive",
	Severity: record.SeverityError, Rule: "RFC 9293 §3.8.4",
	Condition: "The last keepalive probes in a row were not answered and their sender then reset the connection, or at least 9 were not answered and the peer was not heard again.",
	Benign:    []string{"the answers were not captured", "a firewall or NAT on the path dropped its state"},
	Filter:    "tcp.analysis.keep_alive", Needs: BothSides | Whole,

	OncePerTemplate: "the keepalives of a clean connection are answered",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			k := f.Dir[side].Keepalive
			if k == nil || !(k.GaveUp && k.Run() >= deadAfter || k.Run() >= tooManyUnanswered) {
				continue
			}
			frames := append([]fsm.Frame{}, k.LastRun()...)
			how := "it was not heard again"
			if k.GaveUp {
				frames = append(frames[:min(len(frames), MaxFrames-1)], k.RST)
				how = fmt.Sprintf("the %s then reset the connection in frame %d", side, k.RST.Number())
			}
			found(Finding{
				Doubt: refusedProbes(k),
				Side:  side.Peer().String(), Frames: frames, Count: 1,
				Seen: phrase.Counted(k.Run(), "probe", "probes") + ", no answer", Expected: "an ACK of " + number(f, side, f.Conn.End[side].Out.Top),
				Message: fmt.Sprintf("The %s did not answer the last %s of the %s; %s.", side.Peer(), phrase.Counted(k.Run(), "keepalive probe", "keepalive probes"), side, how),
			})
		}
	},
	Pending: func(f *flow.Flow, _ Limits, found func(Finding)) {
		for _, side := range sides {
			k := f.Dir[side].Keepalive
			if k == nil || k.GaveUp || k.Run() < tooManyUnanswered {
				continue
			}
			found(Finding{
				Doubt: refusedProbes(k), Since: k.RunSince(),
				Side: side.Peer().String(), Frames: k.LastRun(), Count: 1,
				Seen: phrase.Counted(k.Run(), "probe", "probes") + ", no answer", Expected: "an ACK of " + number(f, side, f.Conn.End[side].Out.Top),
				Message: fmt.Sprintf("The %s has not answered the last %s of the %s, for %s.", side.Peer(), phrase.Counted(k.Run(), "keepalive probe", "keepalive probes"), side, phrase.Elapsed(f.Until-k.RunSince())),
			})
		}
	},
}

// refusedProbes doubts that the probes left their host, where that looks so.
func refusedProbes(k *flow.Keepalive) string {
	if k.GaveUp || !k.Refused() {
		return ""
	}
	return "the probes are half a second apart, as Linux repeats one that its own interface refused to send: they may not have left the host"
}
