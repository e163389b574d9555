package check

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestThresholdsAreNamedApart holds what --set relies on.
func TestThresholdsAreNamedApart(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Catalogue {
		for _, x := range c.Doc().Thresholds {
			if seen[x.Path()] || x.Default <= 0 || x.Value != x.Default || x.Meaning == "" {
				t.Errorf("%+v", x)
			}
			seen[x.Path()] = true
		}
		for _, x := range c.Thresholds {
			if (x.Time != 0) == (x.Count != 0) {
				t.Errorf("%s.%s is neither a time nor a count, or both", c.Name, x.Name)
			}
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d thresholds", len(seen))
	}
}

func TestChange(t *testing.T) {
	of := func(c *Check, name string, value fsm.Time) record.Threshold {
		return record.Threshold{Check: c.Name, Name: name, Value: int64(value)}
	}
	clean := func(s *Set) (names []record.CheckName) {
		for _, c := range s.NotOncePerTemplate(fsm.StateChanged, flow.SegmentFacts{}) {
			names = append(names, c.Name)
		}
		return names
	}
	s := NewSet([]*Check{closeWaitStuck, keepaliveExcessive})
	s.Change([]record.Threshold{of(closeWaitStuck, "after", 90*fsm.Second), of(closeWaitStuck, "before", 1), of(finStorm, "count", 1)})
	if got := s.Changed(); len(got) != 1 || got[0].Path() != "close-wait-stuck.after" || got[0].Write(got[0].Value) != "1m30s" || got[0].Write(got[0].Default) != "1m0s" {
		t.Errorf("changed %+v", got)
	}
	if names := clean(s); names != nil {
		t.Errorf("%v look at clean connections", names)
	}
	if NewSet([]*Check{closeWaitStuck}).Changed() != nil {
		t.Error("one set changed the thresholds of another")
	}
	// What fires sooner than by default may do so on connections that counted as clean.
	s.Change([]record.Threshold{of(keepaliveExcessive, "probes", 2)})
	if names := clean(s); len(names) != 1 || names[0] != keepaliveExcessive.Name {
		t.Errorf("%v look at clean connections", names)
	}
}
