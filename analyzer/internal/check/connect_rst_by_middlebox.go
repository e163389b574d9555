package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var connectRSTByMiddlebox = &Check{
	Name: record.CheckConnectRSTByMiddlebox, Title: "SYN reset by a middlebox (TTL mismatch)", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 3360 §2; observer: one host's packets cross the same number of hops",
	Condition:       "During the handshake a RST comes in the name of a side whose other packets, by their TTLs, cross 2 hops more or less; hosts begin at 64, 128 or 255, some with another of these for a RST.",
	Benign:          []string{"a host whose RSTs have another initial TTL than its data", "a load balancer in front of several servers", "the route changed just then"},
	Filter:          "tcp.flags.reset == 1",
	Meaning:         fsm.RSTRefuses | fsm.RSTSent | fsm.RSTBadAck,
	OncePerTemplate: "a RST of a clean connection has the TTL of its sender's other packets",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			host := f.Dir[side].LastTTL
			f.EachNotable(side, fsm.RSTRefuses|fsm.RSTSent|fsm.RSTBadAck, flow.Facts(), func(k *flow.NotableSegment) {
				if host == 0 || !otherDistance(k.TTL, host) || k.Frame != f.RST[side].Frame || f.FinalACK.Nth != 0 && f.FinalACK.Nth < k.Nth || f.Midstream() {
					return
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{k.Frame}, Count: 1,
					Seen: fmt.Sprintf("TTL %d on the RST", k.TTL), Expected: fmt.Sprintf("TTL %d, as on the %s's other packets", host, side),
					Message: fmt.Sprintf("The RST in frame %d has TTL %d, the %s's other packets have %d: a middlebox on the path sent it.", k.Frame.Number(), k.TTL, side, host),
				})
			})
		}
	},
}

// otherDistance reports whether a RST with one TTL came over another number of hops than
// packets with the other, as far as TTLs tell: hosts begin at 64, 128 or 255, some with
// another of these for a RST than for data.
func otherDistance(rst, host uint8) bool {
	far := record.Hops(rst) - record.Hops(host)
	return far >= 2 || far <= -2
}
