package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionDuplicate = &Check{
	Name: record.CheckOptionDuplicate, Title: "option given twice", Family: "header",
	Severity: record.SeverityNote, Rule: "observer: no option of one segment is meant to appear twice",
	Condition: "A segment carries two options of the same kind, padding left out.",
	Benign:    []string{"a middlebox that adds an option without looking"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "tcp.opt_duplicate"}},
	Filter:    "tcp.options",
	Facts:     flow.Facts(flow.OptionsDuplicate),
	Judge: eachSideShowing(flow.OptionsDuplicate, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: "one option twice", Expected: "each once", Message: fmt.Sprintf("Frame %d carries the same option twice.", k.Frame.Number())}
	}),
}
