package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var secondResponder = &Check{
	Name: record.CheckSecondResponder, Title: "two hosts answer one SYN", Family: "handshake",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.4.1; observer: one host chooses one ISN for a SYN",
	Condition: "A SYN that was sent once is answered by SYN-ACKs with different ISNs, or one that was sent again by SYN-ACKs over ways that differ by 2 hops or more, and the client completes the handshake with one of them.",
	Benign:    []string{"anycast, or ECMP that changes its mind", "a SYN proxy whose both sides are in the capture"},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 1",
	Meaning:   fsm.SYNACKChanged | fsm.SYNInSync,
	Judge: func(f *flow.Flow, found func(Finding)) {
		r, ok := f.SecondResponder()
		if !ok {
			return
		}
		frames := []fsm.Frame{r.First, r.Other}
		message := fmt.Sprintf("A second host answered the SYN in the server's name: the client took the SYN-ACK in frame %d, and the one in frame %d has another ISN", r.First.Number(), r.Other.Number())
		if r.RST != 0 {
			frames = append(frames, r.RST)
			message += fmt.Sprintf("; the RST in frame %d is probably from that host, too, and the one that the client took has lost nothing", r.RST.Number())
		}
		seen := fmt.Sprintf("ISNs %d and %d", f.Conn.End[fsm.Server].ISS, r.ISN)
		if r.TTL[0] != r.TTL[1] {
			seen += fmt.Sprintf(", TTLs %d and %d", r.TTL[0], r.TTL[1])
		}
		found(Finding{
			Side: "server", Frames: frames, Count: max(1, f.CountFact(fsm.Server, flow.OtherResponder)), Seen: seen + " for one SYN", Expected: "one ISN for a SYN",
			Message: message + ".",
		})
	},
}
