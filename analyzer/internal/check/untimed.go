package check

import (
	"regexp"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// aDuration finds what phrase.Duration writes.
var aDuration = regexp.MustCompile(`\d (ns|µs|ms|s|min|h|d)\b`)

// withoutTimes takes from a finding on a connection whose segments carry no time what it
// says of times, which nobody knows.
func withoutTimes(a *record.Anomaly, title string) {
	if !aDuration.MatchString(a.Message) && !aDuration.MatchString(a.Seen) && !aDuration.MatchString(a.Expected) {
		return
	}
	const unknown = "unknown: the segments carry no time"
	if a.Doubt == "" {
		a.Doubt = "the segments carry no time"
	}
	if aDuration.MatchString(a.Message) {
		a.Message = phrase.Capital(title)
		if len(a.Frames) > 0 {
			a.Message += " (" + phrase.Frame(a.Frames[0]) + ")"
		}
		a.Message += "; the segments carry no time that could tell more."
	}
	if aDuration.MatchString(a.Seen) {
		a.Seen = unknown
	}
	if aDuration.MatchString(a.Expected) {
		a.Expected = unknown
	}
}
