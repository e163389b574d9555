package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionDuplicate = &Check{
	Name: record.CheckOptionDuplicate, Title: "duplicate option", Family: "header",
	Severity: record.SeverityNote, Rule: "observer: no option is defined to appear twice in a segment",
	Condition: "A segment carries two options of the same kind (padding aside).",
	Benign:    []string{"a middlebox that adds an option already present"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "tcp.opt_duplicate"}},
	Filter:    "tcp.options",
	Facts:     flow.Facts(flow.OptionsDuplicate),

	OncePerTemplate: "looks at the options as a set",
	Judge: eachSideShowing(flow.OptionsDuplicate, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
		return Finding{Seen: "one option twice", Expected: "each once", Message: fmt.Sprintf("Frame %d carries the same option twice.", k.Frame.Number())}
	}),
}
