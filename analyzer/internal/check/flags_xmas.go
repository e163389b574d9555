package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsXmas = flagCheck(record.CheckFlagsXmas, "FIN, PSH and URG without ACK (Xmas)", flow.XmasFlags, "tcp.flags.fin == 1 && tcp.flags.push == 1 && tcp.flags.urg == 1 && tcp.flags.ack == 0",
	"A segment has FIN, PSH and URG set, but not ACK: a Christmas tree packet.",
	"FIN, PSH, URG", "ACK on everything after the first SYN", []record.PeerName{{Tool: "Snort", Name: "116:400"}, {Tool: "Zeek", Name: "TCP_christmas"}})
