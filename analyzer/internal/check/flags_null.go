package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsNull = flagCheck(record.CheckFlagsNull, "no flags set (null)", flow.NoFlags, "tcp.flags == 0x000",
	"A segment has none of SYN, FIN, RST, PSH, ACK and URG set.",
	"no flags", "at least ACK", []record.PeerName{{Tool: "Snort", Name: "116:401"}})
