package fsm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// misjudged returns where a connection's judgements contradict its record, or "".
// frames are those that it had.
func misjudged(c *Conn, frames Frame) string {
	var recorded [2]map[Frame][]Event
	for side := range recorded {
		recorded[side] = map[Frame][]Event{}
	}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Frame == 0 {
			continue
		}
		recorded[t.Side][t.Frame] = append(recorded[t.Side][t.Frame], t.Event)
		both := c.Judgements.Of(t.Frame)
		if both == nil {
			return fmt.Sprintf("frame %d moved the %v and is not judged", t.Frame, t.Side)
		}
		j := &both[t.Side]
		if !j.Caused(t.Event) {
			return fmt.Sprintf("frame %d: %v is on record for the %v, and not judged so", t.Frame, t.Event, t.Side)
		}
		if t.Cause != Received {
			continue
		}
		want := Accepted
		if j.Caused(RecvRST) {
			want = Resets
		}
		if got := j.Outcome(); got != want {
			return fmt.Sprintf("frame %d: %v is on record for the %v, and its outcome is %d", t.Frame, t.Event, t.Side, got)
		}
		for k := range j.Tests {
			if j.Tests[k].Failed() {
				return fmt.Sprintf("frame %d: %v is on record for the %v, and it fails test %d", t.Frame, t.Event, t.Side, j.Tests[k].Decision)
			}
		}
	}
	for f := Frame(1); f <= frames; f++ {
		both := c.Judgements.Of(f)
		if both == nil {
			return fmt.Sprintf("frame %d is not judged", f)
		}
		for side := range both {
			for _, ev := range both[side].standing {
				if !slices.Contains(recorded[side][f], ev) && len(c.Transitions) < maxTransitions {
					return fmt.Sprintf("frame %d: %v is judged to have happened to the %v, and is not on record", f, ev, Side(side))
				}
			}
		}
	}
	return ""
}

// TestJudgementsAgree runs random conversations with and without judgements: what
// is judged is what is recorded, and asking changes nothing.
func TestJudgementsAgree(t *testing.T) {
	reached := map[Decision]int{}
	scripts(func(seed uint64, calls []call) {
		var asked, plain Conn
		asked.Reset(DefaultMSL)
		plain.Reset(DefaultMSL)
		asked.Judgements = &Judgements{}
		var nowA, nowB Time
		for i := range calls {
			a, b := feed(&asked, i, &calls[i], &nowA), feed(&plain, i, &calls[i], &nowB)
			if a != b || !reflect.DeepEqual(asked.End, plain.End) {
				t.Fatalf("seed %d, segment %d: %v when asked, else %v", seed, i, meaningNames(a), meaningNames(b))
			}
		}
		if !slices.Equal(asked.Transitions, plain.Transitions) {
			t.Fatalf("seed %d: other transitions when asked", seed)
		}
		if err := misjudged(&asked, Frame(len(calls))); err != "" {
			t.Fatalf("seed %d: %s\n%+v", seed, err, asked.Transitions)
		}
		for _, both := range asked.Judgements.of {
			for side := range both {
				for _, test := range both[side].Tests {
					reached[test.Decision]++
				}
			}
		}
	})
	for d := noDecision + 1; d < numDecisions; d++ {
		if reached[d] == 0 {
			t.Errorf("decision %d is never taken", d)
		}
	}
}

// TestDecisionsHaveRules keeps the table whole.
func TestDecisionsHaveRules(t *testing.T) {
	for d := noDecision + 1; d < numDecisions; d++ {
		if r := d.Rule(); !strings.HasPrefix(r, "RFC ") && !strings.HasPrefix(r, "observer") {
			t.Errorf("decision %d has the rule %q", d, r)
		}
	}
}
