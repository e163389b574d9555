package check

import (
	"fmt"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var badChecksum = &Check{
	Name: record.CheckBadChecksum, Title: "bad TCP checksum", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.1 (MUST-3)",
	Condition:       "A segment's TCP checksum is wrong although most checksums of its direction are right. The receiver drops it; what it acknowledges although nobody sent it again was not dropped, and counts as the capture's fault. A direction whose checksums are all wrong, or hold only the pseudo-header's sum, was captured before checksum offload filled them in and is no finding.",
	Benign:          []string{"corruption on the path", "checksum offload of some segments only"},
	Peers:           []record.PeerName{{Tool: "Wireshark", Name: "tcp.checksum.bad"}, {Tool: "Zeek", Name: "bad_TCP_checksum"}},
	Filter:          "tcp.checksum.status == \"Bad\"",
	Facts:           flow.Facts(flow.BadChecksum),
	OncePerTemplate: "counts wrong and good checksums",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			if d.BadChecksums == 0 || d.BadChecksums >= d.GoodChecksums {
				continue
			}
			taken, first := d.BadChecksumsTaken()
			dropped := d.BadChecksums - taken
			frames, k := notableThat(f, side, 0, flow.Facts(flow.BadChecksum), func(k *flow.NotableSegment) bool {
				return dropped == 0 || !slices.Contains(first, k.Frame)
			})
			if k == nil {
				continue
			}
			if dropped == 0 {
				found(Finding{
					Side: side.String(), Frames: frames, Count: int(taken), Capture: true,
					Seen: fmt.Sprintf("%s bad, %s good", phrase.Count(d.BadChecksums), phrase.Count(d.GoodChecksums)), Expected: "all good",
					Message: fmt.Sprintf("The TCP checksum of frame %d is wrong, but the %s acknowledged the segment: what arrived was not what was captured.", k.Frame.Number(), side.Peer()),
				})
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames, Count: int(dropped),
				Seen: fmt.Sprintf("%s bad, %s good", phrase.Count(d.BadChecksums), phrase.Count(d.GoodChecksums)), Expected: "all good",
				Message: fmt.Sprintf("The TCP checksum of frame %d is wrong, so the %s drops the segment.", k.Frame.Number(), side.Peer()),
			})
		}
	},
}
