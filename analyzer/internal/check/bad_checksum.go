package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var badChecksum = &Check{
	Name: record.CheckBadChecksum, Title: "wrong checksum", Family: "header",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.1 (MUST-3)",
	Condition: "A segment's checksum is wrong although most of its direction's are right. The receiver drops it. A direction whose checksums are all wrong, or hold just the pseudo-header's sum, was captured before its network card filled them in and is no finding.",
	Benign:    []string{"damage on the way", "a card that fills in the checksums of some segments only"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.checksum.bad"}, {Tool: "Zeek", Name: "bad_TCP_checksum"}},
	Filter:    "tcp.checksum.status == \"Bad\"",
	Facts:     flow.Facts(flow.BadChecksum),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			frames, k := notable(f, side, 0, flow.BadChecksum)
			if k == nil || d.BadChecksums >= d.GoodChecksums {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames, Count: int(d.BadChecksums),
				Seen: fmt.Sprintf("%d wrong, %d right", d.BadChecksums, d.GoodChecksums), Expected: "all right",
				Message: fmt.Sprintf("The checksum of frame %d is wrong, so the %s drops the segment.", k.Frame.Number(), side.Peer()),
			})
		}
	},
}
