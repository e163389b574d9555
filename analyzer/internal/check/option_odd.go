package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var optionObsolete = oddOption(record.CheckOptionObsolete, "obsolete option", fsm.OptObsolete, "RFC 6247 §2",
	"an option of a kind that RFC 6247 or IANA calls obsolete (6, 7, 9 to 18, 20 to 26), such as T/TCP's or an alternate checksum",
	"an obsolete option", "tcp.option_kind in {6, 7, 9..18, 20..26}", []string{"a very old stack", "OS fingerprinting", "a fuzzer"})

var optionExperimental = oddOption(record.CheckOptionExperimental, "experimental option", fsm.OptExperimental, "RFC 6994 §3",
	"an option of kind 253 or 254, reserved for experiments. Fast Open's old form is left out",
	"an experimental option", "tcp.option_kind in {253, 254}", []string{"an experiment, or a protocol that never got a kind of its own (SMC-R uses 254)"})

var optionUnknown = oddOption(record.CheckOptionUnknown, "unassigned option kind", fsm.OptUnknown, "RFC 9293 §3.2 (MUST-6)",
	"an option of a kind that IANA has not assigned. The receiver must ignore it",
	"an option of an unassigned kind", "tcp.options.unknown", []string{"a WAN optimiser or other middlebox that adds its own kinds to SYNs (28 to 33, 76 to 78)", "a fuzzer"})

// oddOption makes the check of a group of option kinds that are out of the
// ordinary.
func oddOption(name record.CheckName, title string, kinds fsm.OptionSet, rule, condition, seen, filter string, benign []string) *Check {
	return &Check{
		Name: name, Title: title, Family: "options", Severity: record.SeverityNote, Rule: rule,
		Condition: "A segment carries " + condition + ".", Benign: benign, Filter: filter,
		Facts: flow.Facts(flow.OptionsOdd),

		OncePerTemplate: "looks at the options as a set",
		Judge: func(f *flow.Flow, found func(Finding)) {
			for _, side := range sides {
				frames, first := notableThat(f, side, 0, flow.Facts(flow.OptionsOdd), func(k *flow.NotableSegment) bool {
					return k.Segment.Opts.Any(kinds) && !(kinds == fsm.OptExperimental && k.Segment.Opts.Has(fsm.OptFastOpen))
				})
				if first == nil {
					continue
				}
				found(Finding{
					Side: side.String(), Frames: frames, Seen: seen, Expected: "options in use",
					Message: fmt.Sprintf("Frame %d of the %s carries %s.", first.Frame.Number(), side, seen),
				})
			}
		},
	}
}
