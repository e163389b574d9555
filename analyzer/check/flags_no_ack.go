package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsNoACK = flagCheck("flags-no-ack", "neither SYN, ACK nor RST", flow.NoACKNoSYN, "A segment has other control bits, but none of SYN, ACK and RST.",
	"no SYN, ACK or RST", "ACK on everything after the first SYN", []record.PeerName{{Tool: "Snort", Name: "116:423"}})
