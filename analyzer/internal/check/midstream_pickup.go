package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var midstreamPickup = &Check{
	Name: record.CheckMidstreamPickup, Title: "joined midway", Family: "capture",
	Severity: record.SeverityCapture, Rule: "observer: the first segment captured is not the SYN",
	Condition: "The capture begins after the connection did. Window scale, options and, without a SYN-ACK, the roles are not known for certain.",
	Benign:    []string{"the capture started late, or lost the beginning"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "conn_state OTH"}, {Tool: "Suricata", Name: "tcp.midstream_pickups"}},
	Filter:    "!(tcp.completeness & 1)",
	Meaning:   fsm.Joined,
	Judge: func(f *flow.Flow, found func(Finding)) {
		if !f.Midstream() {
			return
		}
		found(Finding{
			Frames: []fsm.Frame{f.First.Frame}, Count: 1, Seen: "first segment [" + f.FirstFlags.String() + "]", Expected: "a SYN",
			Message: fmt.Sprintf("The capture joins this connection midway, at frame %d; client and server are told apart by %s.", f.First.Frame.Number(), basisWords(f.Orientation.Basis)),
		})
	},
}

func basisWords(basis string) string {
	switch basis {
	case "syn-ack":
		return "the SYN-ACK"
	case "port":
		return "their ports"
	}
	return "who was seen first"
}
