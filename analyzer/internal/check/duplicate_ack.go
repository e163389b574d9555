package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var duplicateACK = &Check{
	Name: record.CheckDuplicateACK, Title: "duplicate-ACK storm", Family: "retransmission",
	Severity: record.SeverityNote, Rule: "RFC 5681 §2",
	Condition: "A side sends 100 duplicate ACKs or more in all while data is outstanding. Fewer are ordinary, one for each segment received after a lost one.",
	Benign:    []string{"a large window with a segment lost", "two hosts that answer each other's ACKs in a loop (an ACK loop)"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.duplicate_ack"}},
	Filter:    "tcp.analysis.duplicate_ack",
	Facts:     flow.Facts(flow.DuplicateACK),
	Thresholds: []Threshold{
		{Name: "count", Count: 100, Meaning: "a side sends so many duplicate ACKs"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			if d.DuplicateACKs < uint64(by.Count("count")) {
				continue
			}
			frames, k := notable(f, side, 0, flow.DuplicateACK)
			found(Finding{
				Side: side.String(), Frames: frames, Count: int(d.DuplicateACKs),
				Seen: fmt.Sprintf("%s of %s", phrase.Count(d.DuplicateACKs), phrase.Counted(d.Packets, "segment", "segments")), Expected: "ACKs that advance",
				Message: fmt.Sprintf("The %s sent %s, %s; its peer retransmitted %s.",
					side, phrase.Counted(d.DuplicateACKs, "duplicate ACK", "duplicate ACKs"), firstIn(int(d.DuplicateACKs), k.Frame), phrase.Counted(int(f.Dir[side.Peer()].Retransmissions), "segment", "segments")),
			})
		}
	},
}
