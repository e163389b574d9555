package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var rstInjectionSuspected = &Check{
	Name: record.CheckRSTInjectionSuspected, Title: "RST probably injected", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.10.5; observer: an endpoint sends nothing after a RST of its own",
	Condition: "A side sends ordinary segments after a RST in its name that would have ended the connection, unless timestamps, IP identifications or a hole before the RST show that these were sent before it; or a RST refuses a SYN that the same side also accepts with a SYN-ACK, which the client acknowledges; or a RST that ends an open connection crossed, by its TTL, 2 hops more or less than its side's other packets, where hosts begin at 64, 128 or 255: the RST came from another host.",
	Benign:    []string{"segments captured out of order", "two hosts behind one address", "a Linux server with tcp_syncookies=2, to which a segment behind its RST opens the connection again", "a host, or a load balancer in front of it, whose RSTs have another initial TTL"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.suspected_rst_inject"}},
	Filter:    "tcp.flags.reset == 1", Needs: InStep,
	Meaning:         fsm.AfterOwnRST | fsm.RSTSent | fsm.RSTRefuses,
	OncePerTemplate: "no segment follows the RST of a clean connection, and that has the TTL of its sender's other packets",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if k := falseRefusal(f); k != nil {
			found(Finding{
				Side: "server", Frames: []fsm.Frame{k.Frame, f.SYNACK.Frame, f.FinalACK.Frame}, Count: 1,
				Seen: fmt.Sprintf("a SYN-ACK %s after the RST", phrase.Elapsed(f.SYNACK.Time-k.Time)), Expected: "one answer to a SYN",
				Message: fmt.Sprintf("The RST in frame %d refuses a SYN that the server accepts in frame %d and the client completes in frame %d: another host sent that RST.",
					k.Frame.Number(), f.SYNACK.Frame.Number(), f.FinalACK.Frame.Number()),
			})
		}
		for _, side := range sides {
			frames, k := notable(f, side, fsm.AfterOwnRST)
			rst := rstBefore(f, side, k)
			if rst == nil {
				if k := strangeRST(f, side); k != nil {
					found(Finding{
						Side: side.String(), Frames: []fsm.Frame{k.Frame}, Count: 1,
						Seen: fmt.Sprintf("TTL %d on the RST", k.TTL), Expected: fmt.Sprintf("TTL %d, as on the %s's other packets", f.Dir[side].LastTTL, side),
						Message: fmt.Sprintf("The RST in frame %d has TTL %d, the %s's other packets have %d: a middlebox on the path may have sent it.",
							k.Frame.Number(), k.TTL, side, f.Dir[side].LastTTL),
					})
				}
				continue
			}
			if !rst.Meaning.Any(fsm.RSTExact | fsm.RSTPerhapsExact) {
				continue // it ended nothing; what it was is other checks' business
			}
			seen := fmt.Sprintf("%s after the RST", phrase.Elapsed(k.Time-rst.Time))
			if rst.TTL != f.Dir[side].TTL {
				seen += fmt.Sprintf("; TTL %d on the RST, %d before", rst.TTL, f.Dir[side].TTL)
			}
			found(Finding{
				Side: side.String(), Frames: append([]fsm.Frame{rst.Frame}, frames...), Count: len(frames), Seen: seen, Expected: "nothing after a RST",
				Message: fmt.Sprintf("The %s continued in frame %d after the RST in frame %d: another host sent that RST.", side, k.Frame.Number(), rst.Frame.Number()),
			})
		}
	},
}

// falseRefusal returns the RST that refuses the client's SYN before a SYN-ACK
// accepts that same SYN, or nil.
func falseRefusal(f *flow.Flow) (rst *flow.NotableSegment) {
	client := &f.Conn.End[fsm.Client]
	f.EachNotable(fsm.Server, fsm.RSTRefuses, flow.Facts(), func(k *flow.NotableSegment) {
		if rst == nil && client.Syn.Nth < k.Nth && k.Nth < f.SYNACK.Nth && f.SYNACK.Nth < f.FinalACK.Nth && client.State != fsm.Closed {
			rst = k
		}
	})
	return rst
}

// rstBefore returns the latest RST that ended side's part before its segment k, or
// nil. The machine has told what was only captured out of order.
func rstBefore(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) (rst *flow.NotableSegment) {
	if k == nil {
		return nil
	}
	f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(r *flow.NotableSegment) {
		if r.Nth < k.Nth {
			rst = r
		}
	})
	return rst
}

// strangeRST returns the RST that ended side's part of an open connection and
// came over another number of hops than its other packets, or nil.
func strangeRST(f *flow.Flow, side fsm.Side) (strange *flow.NotableSegment) {
	host := f.Dir[side].LastTTL
	f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(k *flow.NotableSegment) {
		if k.Frame == f.RST[side].Frame && host != 0 && otherDistance(k.TTL, host) && f.FinalACK.Nth != 0 && f.FinalACK.Nth < k.Nth {
			strange = k
		}
	})
	return strange
}
