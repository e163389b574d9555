// Package check judges finished connections. Each check lives in a file of its
// own, as one declaration with its words and its code; catalogue.go lists them.
//
// A check runs once, when its connection has ended, on everything the tracker
// noted: it judges with hindsight and costs the ordinary segment nothing. Those that are
// about trouble under way are asked before, too, where somebody watches (open.go).
package check

import (
	"cmp"
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Check is one detection.
type Check struct {
	Name      record.CheckName
	Title     string
	Family    string
	Severity  record.Severity
	Rule      string   // RFC clause, or "observer: …"
	Condition string   // when exactly it fires
	Benign    []string // what else could explain it
	Peers     []record.PeerName
	Filter    string // Wireshark display filter that shows such segments, among others perhaps
	Needs     Needs  // what the capture must show for a finding to be beyond doubt

	// The check runs on connections of which some segment meant one of Meaning or
	// showed one of Facts; with neither set, on every connection.
	Meaning fsm.Meaning
	Facts   flow.SegmentFacts

	// Says why the check may be judged once for all clean connections of one template
	// (conntrack.TemplateKey says what these have in common): because it finds nothing
	// on any, or looks at nothing but that. Empty: it may not, and where it could look
	// at clean connections, each of them is judged.
	OncePerTemplate string

	// Judge reports what it finds on the connection. One with Thresholds has JudgeBy instead,
	// which is told how they are set.
	Judge      func(f *flow.Flow, found func(Finding))
	JudgeBy    func(f *flow.Flow, by Limits, found func(Finding))
	Thresholds []Threshold

	// Pending, if set, does so while the connection goes on, in Judge's place, for a check
	// that judges by what has not come: it says what is so at Flow.Until, and since when.
	// A check without it that is a warning or worse tells on an open connection what Judge
	// says, so that must be about what has happened.
	Pending func(f *flow.Flow, by Limits, found func(Finding))
}

// Finding is what one check found on one connection, at most once per side.
type Finding struct {
	Side     string      // who did it: "client", "server" or "" for neither or both
	Frames   []fsm.Frame // what proves it; MaxFrames are kept
	Count    int         // occurrences; 0 means one for each frame
	Seen     string
	Expected string
	Message  string // one sentence
	Capture  bool   // it is the capture's own fault
	Doubt    string // why it may be less than it seems, if so: it counts one severity less

	// What it cost the connection, where it is about lost time; a second that two findings
	// tell of counts in one of them.
	Cost fsm.Time

	// When the first and the last of Frames passed, where the check knows better than the
	// flow, which forgets ordinary segments; 0 where it does not.
	From, To fsm.Time

	Since fsm.Time // of Pending: since when it has lasted
}

// MaxFrames is how many frames a finding names.
const MaxFrames = flow.MaxNotable

// Doc returns the check as the catalogue prints it.
func (c *Check) Doc() record.CheckDoc {
	doc := record.CheckDoc{
		Name: c.Name, Title: c.Title, Severity: c.Severity, Family: c.Family, Rule: c.Rule,
		Condition: c.Condition, Benign: c.Benign, Peers: c.Peers, Filter: c.Filter,
	}
	for i := range c.Thresholds {
		doc.Thresholds = append(doc.Thresholds, c.Thresholds[i].record(c, c.Thresholds[i].value()))
	}
	return doc
}

func (c *Check) anomaly(f *flow.Flow, x Finding) record.Anomaly {
	if x.Count == 0 {
		x.Count = max(1, len(x.Frames))
	}
	if len(x.Frames) > MaxFrames {
		x.Frames = x.Frames[:MaxFrames]
	}
	severity := c.Severity
	if x.Capture {
		severity = record.SeverityCapture
	}
	a := record.Anomaly{
		Name: c.Name, Severity: severity, Side: x.Side, Frames: x.Frames, Count: uint64(x.Count),
		Seen: x.Seen, Expected: x.Expected, Rule: c.Rule, Message: x.Message, Benign: c.Benign,
	}
	if f.Untimed {
		return a
	}
	a.Cost = x.Cost.Seconds(0)
	if n := len(x.Frames); n > 0 {
		a.FirstTime, a.LastTime = cmp.Or(x.From, f.TimeOf(x.Frames[0])), cmp.Or(x.To, f.TimeOf(x.Frames[n-1]))
		if n == 1 {
			a.LastTime = a.FirstTime
		}
		if a.LastTime != 0 && a.LastTime < a.FirstTime { // several files, or a clock set back
			a.FirstTime, a.LastTime = a.LastTime, a.FirstTime
		}
	}
	return a
}

// sides are both sides, for checks that look at each in turn.
var sides = [2]fsm.Side{fsm.Client, fsm.Server}

// notable collects the frames of side's segments that meant m or showed one of the
// facts, and the first of these segments.
func notable(f *flow.Flow, side fsm.Side, m fsm.Meaning, facts ...flow.Fact) (frames []fsm.Frame, first *flow.NotableSegment) {
	return notableThat(f, side, m, flow.Facts(facts...), func(*flow.NotableSegment) bool { return true })
}

// notableThat does what notable does for those of the segments that fit.
func notableThat(f *flow.Flow, side fsm.Side, m fsm.Meaning, g flow.SegmentFacts, fits func(*flow.NotableSegment) bool) (frames []fsm.Frame, first *flow.NotableSegment) {
	f.EachNotable(side, m, g, func(k *flow.NotableSegment) {
		if !fits(k) {
			return
		}
		if first == nil {
			first = k
		}
		frames = append(frames, k.Frame)
	})
	return frames, first
}

// eachSideMeaning makes a Judge that reports, for each side of which some segment
// meant m, what describe says of the first such segment. Side, frames and count are
// filled in where describe leaves them out.
func eachSideMeaning(m fsm.Meaning, describe func(*flow.Flow, fsm.Side, *flow.NotableSegment) Finding) func(*flow.Flow, func(Finding)) {
	count := func(f *flow.Flow, side fsm.Side) int { return f.CountMeaning(side, m) }
	return eachSide(m, flow.Facts(), count, describe)
}

// eachSideShowing makes the same of segments that showed a fact.
func eachSideShowing(fact flow.Fact, describe func(*flow.Flow, fsm.Side, *flow.NotableSegment) Finding) func(*flow.Flow, func(Finding)) {
	count := func(f *flow.Flow, side fsm.Side) int { return f.CountFact(side, fact) }
	return eachSide(0, flow.Facts(fact), count, describe)
}

func eachSide(m fsm.Meaning, g flow.SegmentFacts, count func(*flow.Flow, fsm.Side) int, describe func(*flow.Flow, fsm.Side, *flow.NotableSegment) Finding) func(*flow.Flow, func(Finding)) {
	any := func(*flow.NotableSegment) bool { return true }
	return func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			frames, first := notableThat(f, side, m, g, any)
			if first == nil {
				continue
			}
			x := describe(f, side, first)
			x.Side = side.String()
			if x.Frames == nil {
				x.Frames = frames
			}
			if x.Count == 0 {
				x.Count = count(f, side)
			}
			found(x)
		}
	}
}

// number writes a sequence number of side's stream relative to its initial
// number where that is known, and absolutely.
func number(f *flow.Flow, side fsm.Side, n fsm.Seq) string {
	e := &f.Conn.End[side]
	if !e.SentSYN {
		return fmt.Sprintf("%d", n)
	}
	switch d := n.Minus(e.ISS); {
	case d >= 0:
		return fmt.Sprintf("%d (ISN+%d)", n, d)
	default:
		return fmt.Sprintf("%d (ISN−%d)", n, -int64(d))
	}
}

// firstIn names the frame of something that happened n times.
func firstIn(n int, frame fsm.Frame) string {
	if n == 1 {
		return fmt.Sprintf("in frame %d", frame.Number())
	}
	return fmt.Sprintf("first in frame %d", frame.Number())
}
