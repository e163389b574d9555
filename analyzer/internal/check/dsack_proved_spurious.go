package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var dsackProvedSpurious = &Check{
	Name: record.CheckDSACKProvedSpurious, Title: "spurious retransmission (DSACK)", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 2883 §4",
	Condition: "The receiver reports with a DSACK that it received bytes twice, and a retransmission of these bytes was captured.",
	Benign:    []string{"an ACK was lost or late", "a tail loss probe", "the network delivered a packet twice"},
	Peers:     []record.PeerName{{Tool: "tcptrace", Name: "dsack pkts"}},
	Filter:    "tcp.options.sack.dsack",
	Facts:     flow.Facts(flow.DSACK),
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			peer := side.Peer()
			isn := f.Conn.End[peer].ISS
			frames, k := notableThat(f, side, 0, flow.Facts(flow.DSACK), func(k *flow.NotableSegment) bool {
				b := k.Segment.SACK[0]
				if k.Facts.Any(flow.Facts(flow.KeepaliveAnswer, flow.WindowProbeAnswer)) {
					return false // the octet that the probe sent again
				}
				return !(f.Meanings.Any(fsm.SYNCrossed) && b.From == isn && b.To == isn+1) // of the SYN-ACK that crossed a SYN
			})
			if k == nil || f.Dir[peer].Retransmissions == 0 {
				continue
			}
			b := k.Segment.SACK[0]
			found(Finding{
				Side: peer.String(), Frames: frames, Count: f.CountFact(side, flow.DSACK),
				Seen: fmt.Sprintf("DSACK of %s from %s", phrase.Bytes(b.To.Minus(b.From)), number(f, peer, b.From)), Expected: "no duplicate data",
				Message: fmt.Sprintf("The %s received data twice, as its DSACK in frame %d reports: the %s's retransmission was spurious.", side, k.Frame.Number(), peer),
			})
		}
	},
}
