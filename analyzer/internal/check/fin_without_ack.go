package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var finWithoutACK = flagCheck(record.CheckFINWithoutACK, "FIN without ACK", flow.FINWithoutACK, "tcp.flags.fin == 1 && tcp.flags.ack == 0",
	"A FIN without the ACK flag, which every segment after the first SYN must have.",
	"FIN", "FIN and ACK", []record.PeerName{{Tool: "Snort", Name: "116:422"}, {Tool: "nf_conntrack", Name: "invalid"}})
