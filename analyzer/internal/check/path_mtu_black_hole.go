package check

import (
	"fmt"
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var pathMTUBlackHole = &Check{
	Name: record.CheckPathMTUBlackHole, Title: "path MTU black hole", Family: "retransmission",
	Severity: record.SeverityWarning, Rule: "RFC 2923 §2.1",
	Condition: "A data segment in an IP packet of more than 576 bytes (IPv6: 1280) is sent at least three times and does not arrive, nor does any other of its size from then on, while smaller ones arrive that were sent meanwhile, or the peer is still heard from and none of that size ever arrived; and were losses independent of size, what was seen would have a likelihood of at most 1 %.",
	Benign: []string{
		"a firewall that drops these segments for their content",
		"a link that damages certain bit patterns", "the way to the peer broke just then, and the way back did not", "several losses that hit the large segments only",
	},
	Filter: "tcp.analysis.retransmission",
	Facts:  flow.Facts(flow.Retransmission),

	OncePerTemplate: "needs data that was sent three times, and a segment that arrived: of a template's connections none has so many",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			b := f.Dir[side].BlackHole()
			if b == nil {
				continue
			}
			var frames []fsm.Frame
			for _, frame := range b.Frames {
				if frame != 0 {
					frames = append(frames, frame)
				}
			}
			message := fmt.Sprintf("Only large segments of the %s do not arrive: the one in frame %d (an IP packet of %s) was sent %s in vain, ",
				side, b.First.Frame.Number(), phrase.Bytes(b.Size()), phrase.Times(b.Sends))
			if n := tooBig(f, side, math.MaxInt64); n != nil {
				message += fmt.Sprintf("although the ICMP error in frame %d told an MTU of %d: it does not seem to reach the %s", n.At.Frame.Number(), n.MTU, side)
			} else {
				message += "while smaller ones arrived; the path's MTU is probably smaller, and no ICMP error in the capture tells it"
			}
			if b.Through {
				message += fmt.Sprintf("; smaller segments got through from frame %d on", b.Smaller.Number())
				frames = append(frames, b.Smaller)
			}
			_, cost := f.Dir[side].LossStalls().Above(stall.Thresholds[0].Time)
			found(Finding{
				Side: side.String(), Frames: frames, Count: 1, Cost: cost + f.OpenLossStall(side).Time,
				Seen: fmt.Sprintf("%s of %s or more lost, %s of at most %s arrived (by chance: 1 in %s at most)", phrase.Counted(b.Lost, "packet", "packets"), phrase.Bytes(b.Size()),
					phrase.Count(b.Passed), phrase.Bytes(b.Largest()), phrase.Count(int(math.Min(1/b.Chance(), 1e9)))),
				Expected: "losses whatever the size, or an ICMP error that tells the MTU",
				Message:  message + ".",
			})
		}
	},
}

// tooBig returns the latest ICMP error up to a time that told the side of a smaller MTU, or nil.
func tooBig(f *flow.Flow, side fsm.Side, until fsm.Time) *flow.ICMPNote {
	notes := f.ICMP()
	for i := len(notes) - 1; i >= 0; i-- {
		if n := &notes[i]; n.Side == side && n.At.Time <= until && record.KindOfICMP(n.Type, n.Code, n.V6) == record.ICMPTooBig {
			return n
		}
	}
	return nil
}
