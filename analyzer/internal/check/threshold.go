package check

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Threshold is a number of a check that whoever runs it may change: a time or a count.
type Threshold struct {
	Name    string   // kebab-case, of one word mostly, unique in its check; never changes
	Time    fsm.Time // what it is by default, of a time …
	Count   int      // … and of a count; the other is 0
	Meaning string   // what happens at it

	// A clean connection with a wait as long as this is not judged by a template
	// (Set.ShortestWait), so that it may be set lower than by default.
	Wait bool
}

func (t *Threshold) value() int64 { return int64(t.Time) + int64(t.Count) }

// Limits are the thresholds of a check as they are set.
type Limits struct {
	of     []Threshold
	values []int64
}

func (c *Check) limits() Limits {
	l := Limits{of: c.Thresholds}
	for i := range c.Thresholds {
		l.values = append(l.values, c.Thresholds[i].value())
	}
	return l
}

func (l Limits) value(name string) int64 {
	for i := range l.of {
		if l.of[i].Name == name {
			return l.values[i]
		}
	}
	panic("the check has no threshold " + name)
}

// Time returns a threshold that is a time.
func (l Limits) Time(name string) fsm.Time { return fsm.Time(l.value(name)) }

// Count returns one that is a count.
func (l Limits) Count(name string) int { return int(l.value(name)) }

// record returns a threshold of the check as the record has it.
func (t *Threshold) record(c *Check, value int64) record.Threshold {
	return record.Threshold{Check: c.Name, Name: t.Name, Count: t.Count != 0, Default: t.value(), Value: value, Meaning: t.Meaning}
}

// Change sets thresholds of the set's checks. What no check has is left out. It is to be
// called before the set is used.
func (s *Set) Change(list []record.Threshold) {
	for _, x := range list {
		for i, c := range s.checks {
			if c.Name != x.Check {
				continue
			}
			for k := range c.Thresholds {
				if c.Thresholds[k].Name == x.Name {
					s.limits[i].values[k] = x.Value
				}
			}
		}
	}
}

// Changed returns the thresholds that are not what they are by default.
func (s *Set) Changed() []record.Threshold {
	var list []record.Threshold
	for i, c := range s.checks {
		for k := range c.Thresholds {
			if t := &c.Thresholds[k]; s.limits[i].values[k] != t.value() {
				list = append(list, t.record(c, s.limits[i].values[k]))
			}
		}
	}
	return list
}

// lowered reports whether the i-th check fires where it would not by default, for a number
// of which it is not known how clean connections stand to it.
func (s *Set) lowered(i int) bool {
	for k := range s.checks[i].Thresholds {
		if t := &s.checks[i].Thresholds[k]; !t.Wait && s.limits[i].values[k] < t.value() {
			return true
		}
	}
	return false
}

// ShortestWait returns the shortest wait on a connection about which a check of the set
// may say something although nothing else is the matter with the connection; 0 if there
// is none.
func (s *Set) ShortestWait() fsm.Time {
	var shortest fsm.Time
	for i, c := range s.checks {
		for k := range c.Thresholds {
			if v := fsm.Time(s.limits[i].values[k]); c.Thresholds[k].Wait && (shortest == 0 || v < shortest) {
				shortest = v
			}
		}
	}
	return shortest
}
