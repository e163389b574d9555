package record

import (
	"strconv"
	"time"
)

// Threshold is a number of a check that can be changed: how long something must take, or
// how often happen, for the check to fire.
type Threshold struct {
	Check   CheckName
	Name    string // "after", say; with the check's name it makes "slow-answer.after"
	Count   bool   // Default and Value are counts; else times in nanoseconds
	Default int64
	Value   int64 // at least 1
	Meaning string
}

// Path returns the threshold's name with its check's: "slow-answer.after".
func (t *Threshold) Path() string { return string(t.Check) + "." + t.Name }

// Write returns one of the threshold's numbers as text: "3" or "1.5s".
func (t *Threshold) Write(value int64) string {
	if t.Count {
		return strconv.FormatInt(value, 10)
	}
	return time.Duration(value).String()
}
