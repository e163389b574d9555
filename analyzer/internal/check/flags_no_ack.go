package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsNoACK = flagCheck(record.CheckFlagsNoACK, "neither SYN, ACK nor RST", flow.NoACKNoSYN, "tcp.flags.syn == 0 && tcp.flags.ack == 0 && tcp.flags.reset == 0",
	"A segment has other flags set, but none of SYN, ACK and RST.",
	"no SYN, ACK or RST", "ACK on everything after the first SYN", []record.PeerName{{Tool: "Snort", Name: "116:423"}})
