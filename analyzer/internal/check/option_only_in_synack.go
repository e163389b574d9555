package check

import (
	"fmt"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionOnlyInSYNACK = &Check{
	Name: record.CheckOptionOnlyInSYNACK, Title: "SYN-ACK offers what the SYN did not", Family: "options",
	Severity: record.SeverityWarning, Rule: "RFC 7323 §2.2, §3.2; RFC 2018 §2",
	Condition: "A SYN-ACK carries window scale or timestamps, which it may send only if the SYN did, and no SYN of the client did.",
	Benign:    []string{"a middlebox removed the option from the SYN, or put it into the SYN-ACK"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.3whs_synack_with_wrong_ack (liberal timestamps)"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 1 && (tcp.options.wscale || tcp.options.timestamp.tsval)",

	OncePerTemplate: "looks at the options of the SYNs as sets",
	Judge: func(f *flow.Flow, found func(Finding)) {
		c, s := &f.Dir[fsm.Client], &f.Dir[fsm.Server]
		const answers = fsm.OptWindowScale | fsm.OptTimestamps
		offered := c.SYNOptions | c.SYNCut // as far as can be known
		if f.SYNACK.Nth == 0 || !c.Options.Seen || s.SYNOptions&answers&^offered == 0 || f.SYNs[fsm.Server] > 0 {
			return
		}
		var names []string
		if extra := s.SYNOptions &^ offered; extra.Has(fsm.OptWindowScale) {
			names = append(names, "window scale")
		}
		if extra := s.SYNOptions &^ offered; extra.Has(fsm.OptTimestamps) {
			names = append(names, "timestamps")
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame}, Count: 1,
			Seen: strings.Join(names, ", "), Expected: "only what the SYN offered",
			Message: fmt.Sprintf("The SYN-ACK in frame %d carries %s, which the SYN in frame %d did not offer.", f.SYNACK.Frame.Number(), strings.Join(names, " and "), f.SYN.Frame.Number()),
		})
	},
}
