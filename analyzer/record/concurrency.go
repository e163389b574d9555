package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Concurrency is how many connections were open at a time, from their first packet to
// their last, over the capture: TIME-WAIT and silence at the end, which no packet shows,
// do not count.
type Concurrency struct {
	From   fsm.Time  // beginning of the first step
	Step   fsm.Time  // length of each, in nanoseconds; 0 if nothing is known
	Mean   []float64 // in each step, on average; at most MaxSteps
	Most   float64   // the largest of these
	MostAt fsm.Time  // beginning of its step
}

// MaxSteps bounds the steps of a Concurrency.
const MaxSteps = 512
