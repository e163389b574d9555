// Package change compares the connections of two captures, taken before and after
// something was changed, and says what is different beyond chance: by service, in
// failures, times, retransmissions, windows and rates. It is arithmetic on plain data and
// reads nothing; two taps on the same connections are another matter, see
// analyzer.Compare.
//
// Fill a [Set] for each side, from records or from [Sample] values, and call [Between].
//
// # What is compared, and how sure it is
//
// The unit is the connection: it has one value of each measure, such as the median of its
// answers' times. What happened within one connection goes together (one path, one
// server process, one congestion), so that a thousand answers on it are no thousand
// observations. Connections that follow each other go together too: a slow second
// makes all of that second slow. Connections that followed each other are therefore put
// into batches of two or more, 20 at most and fewer as long as batches that follow each other are alike, as
// simulations are judged by batch means; the batches' medians are the values. Two captures thus differ only if they differ by more
// than the parts of each do among themselves.
//
// Times, sizes and rates are compared by their ranks (the exact test of Wilcoxon, Mann and
// Whitney), and not against no change but against the least that matters: the values of one
// side must be larger than those of the other after these have been raised by it. Shares of
// connections are compared by Fisher's exact test, shares of packets by the ranks of the
// batches; both must then differ by what matters too. None of it assumes a distribution.
//
// The probabilities are multiplied by the number of comparisons that could have told
// anything (Bonferroni's correction as improved by Tarone), so that the chance of one false
// change in the whole result is below [Options].Level: half of it is for whether more
// connections fail, half for all else. A comparison that could not reach
// that however much the sides differ is said to have too few connections.
//
// What is told is that the captures differ, not why: another hour, other clients or
// another load are differences too.
package change

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// DefaultLevel is the chance of a false change that is accepted, unless Options say
// otherwise.
const DefaultLevel = 0.01

// Options say how to compare. The zero value is what the command does.
type Options struct {
	Level  float64 // the accepted chance of one false change or more in the result; 0 means DefaultLevel
	ByPort bool    // all services of a port are one, whatever their addresses
}

// Result is what changed.
type Result struct {
	Level       float64
	Comparisons int // that could have told anything: each probability was multiplied by twice those of its question
	Before      Total
	After       Total
	Services    []Service // that are on both sides, the most changed first; at most record.MaxServices
	OnlyBefore  []Side    // services that are only on one side, the most connections first; at most record.MaxServices
	OnlyAfter   []Side
	Others      uint64 // services beyond those, and their connections
	OtherConns  uint64
	Unfollowed  uint64 // connections of services that were not told apart, beyond 16,384 of them
}

// Total is what a whole side comes to.
type Total struct {
	Connections, Failed uint64
	Services            int
	First, Last         fsm.Time // when the first and the last connection began; 0 for unknown
}

// Side is a service on one side.
type Side struct {
	Name        string        // of the port, or ""
	Servers     []record.Addr // the first MaxServers
	AllServers  int
	Connections uint64
	Failed      uint64
	Verdicts    []record.VerdictCount // the worst first
	Sampled     int                   // connections whose times and sizes were kept
}

// Service is a service that is on both sides.
type Service struct {
	Name          string // of the port, or ""
	Match         Match
	Before, After Side
	Changes       []Comparison // what changed: causes before what may follow from them
	Measures      []Comparison // everything that was compared, in a fixed order
	Doubts        []string     // a sentence for each reason not to believe it; changes are then for information only
}

// Outcome is what a comparison came to.
type Outcome uint8

// The outcomes.
const (
	Unknown  Outcome = iota // one side has no values
	TooFew                  // no difference could be told from chance by so few
	NotShown                // no difference beyond chance that matters
	Changed
)

// String returns "unknown", "too-few", "not-shown" or "changed".
func (o Outcome) String() string {
	return [...]string{"unknown", "too-few", "not-shown", "changed"}[o&3]
}

// Comparison is one measure of a service on both sides.
type Comparison struct {
	Measure Measure
	Verdict record.VerdictCode // of Verdict
	Unit    Unit
	Before  Value
	After   Value
	Outcome Outcome

	// Of what changed.
	Direction int       // 1: for the worse; -1: for the better; 0: neither
	Least     float64   // the change that would matter, in the measure's unit, from Before
	Chance    float64   // the probability that chance alone gives as much, of this comparison alone
	Corrected float64   // and after the correction
	Low, High float64   // the difference of the batches, 95 % sure; NaN of shares
	Follows   []Measure // changes of the service, before this one, that it may follow from
	From, To  fsm.Time  // of Failed: when those that failed after began; 0 for unknown

	rule *rule
	size float64 // by which changes are ordered
}

// Value is a measure on one side.
type Value struct {
	Value       float64 // the median of the connections, or the share; NaN if no connection has one
	Of          uint64  // connections, or packets of a share of these
	Have        uint64  // of a share: how many have it
	Connections uint64
	Low, High   float64 // the quartiles; NaN of shares

	Batches int // into which the connections were put; 0 of shares of connections

	inTime  []observed // by their beginnings
	batches []float64
}

// Severity says how bad a change is: SeverityError if more connections fail,
// SeverityWarning if anything else is worse, SeverityNote for the better, for what is
// neither, and for what is in doubt.
func (s *Service) Severity(c *Comparison) record.Severity {
	switch {
	case c.Outcome != Changed:
		return record.SeverityCapture
	case c.Direction <= 0 || len(s.Doubts) > 0:
		return record.SeverityNote
	case c.rule.rank == 0:
		return record.SeverityError
	}
	return record.SeverityWarning
}

// Worst returns the worst severity of all changes: SeverityNote if there is only a service
// that is on one side, SeverityCapture if there is nothing.
func (r *Result) Worst() (worst record.Severity) {
	if len(r.OnlyBefore)+len(r.OnlyAfter) > 0 {
		worst = record.SeverityNote
	}
	for i := range r.Services {
		s := &r.Services[i]
		for k := range s.Changes {
			worst = max(worst, s.Severity(&s.Changes[k]))
		}
	}
	return worst
}
