package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var flagsSYNFIN = flagCheck(record.CheckFlagsSYNFIN, "SYN and FIN together", flow.SYNAndFIN, "tcp.flags.syn == 1 && tcp.flags.fin == 1",
	"A segment has both SYN and FIN set.",
	"SYN, FIN", "one of them", []record.PeerName{{Tool: "Snort", Name: "116:420"}, {Tool: "Suricata", Name: "stream.fin_syn"}, {Tool: "Zeek", Name: "history Q"}})
