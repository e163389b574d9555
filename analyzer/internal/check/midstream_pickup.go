package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var midstreamPickup = &Check{
	Name: record.CheckMidstreamPickup, Title: "mid-stream: handshake not captured", Family: "capture",
	Severity: record.SeverityCapture, Rule: "observer: the first segment captured is not the SYN",
	Condition:       "The connection began before the capture. Window scales and options are unknown and, without a SYN-ACK, client and server are a guess.",
	Benign:          []string{"the capture started late, or dropped the handshake"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "conn_state OTH"}, {Tool: "Suricata", Name: "tcp.midstream_pickups"}},
	Filter:          "!(tcp.completeness & 1)",
	Meaning:         fsm.Joined,
	OncePerTemplate: "looks at the flags of the segments",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.Midstream() {
			return
		}
		found(Finding{
			Frames: []fsm.Frame{f.First.Frame}, Count: 1, Seen: "first segment [" + f.FirstFlags.String() + "]", Expected: "a SYN",
			Message: fmt.Sprintf("Mid-stream: the handshake was not captured, the first segment is frame %d; client and server guessed from %s.", f.First.Frame.Number(), basisWords(f.Orientation.Basis)),
		})
	},
}

func basisWords(basis string) string {
	switch basis {
	case "syn-ack":
		return "the SYN-ACK"
	case "port":
		return "the ports"
	}
	return "the order of the first segments"
}
