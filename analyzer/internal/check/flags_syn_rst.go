package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsSYNRST = flagCheck(record.CheckFlagsSYNRST, "SYN and RST together", flow.SYNAndRST, "tcp.flags.syn == 1 && tcp.flags.reset == 1",
	"A segment has both SYN and RST set.",
	"SYN, RST", "one of them", []record.PeerName{{Tool: "Snort", Name: "116:421"}, {Tool: "Zeek", Name: "history Q"}})
