package overview

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// concurrency adds up how long connections were open in each step of time. Steps are as
// short as the bound on their number allows: they double in length when there are too
// many.
type concurrency struct {
	step  fsm.Time
	first int64   // the first step's number: its beginning divided by step
	part  []int64 // by step: nanoseconds of connections that began or ended in it
	whole []int64 // by step: how many more than in the step before were open through all of it
}

const (
	firstStep = fsm.Second / 1000
	mostSteps = 8 * record.MaxSteps
)

func (v *concurrency) add(c *record.Connection) {
	if c.Quality.Untimed || c.First < 0 || c.Last < c.First {
		return
	}
	if v.step == 0 {
		v.step = firstStep
		v.first = int64(c.First / v.step)
	}
	from, to := int64(c.First/v.step), int64(c.Last/v.step)
	for !v.reach(from, to) {
		v.double()
		from, to = int64(c.First/v.step), int64(c.Last/v.step)
	}
	i, k := from-v.first, to-v.first
	if from == to {
		v.part[i] += int64(c.Last - c.First)
		return
	}
	v.part[i] += int64(fsm.Time(from+1)*v.step - c.First)
	v.part[k] += int64(c.Last - fsm.Time(to)*v.step)
	v.whole[i+1]++
	v.whole[k]--
}

// reach makes room for the steps from one number to another, if these are not too many.
func (v *concurrency) reach(from, to int64) bool {
	from, to = min(from, v.first), max(to, v.first+int64(len(v.part))-1)
	if to-from >= mostSteps {
		return false
	}
	if before := int(v.first - from); before > 0 {
		v.part = append(make([]int64, before, mostSteps), v.part...)
		v.whole = append(make([]int64, before, mostSteps), v.whole...)
		v.first = from
	}
	for int64(len(v.part)) <= to-from {
		v.part, v.whole = append(v.part, 0), append(v.whole, 0)
	}
	return true
}

// double makes each two steps one.
func (v *concurrency) double() {
	odd := v.first & 1
	n := (int64(len(v.part)) + odd + 1) / 2
	part := make([]int64, n, mostSteps)
	open := int64(0)
	for i := range v.part {
		open += v.whole[i]
		part[(int64(i)+odd)/2] += v.part[i] + open*int64(v.step)
	}
	v.part, v.whole = part, make([]int64, n, mostSteps)
	v.first >>= 1
	v.step *= 2
}

func (v *concurrency) report() record.Concurrency {
	for len(v.part) > record.MaxSteps {
		v.double()
	}
	r := record.Concurrency{From: fsm.Time(v.first) * v.step, Step: v.step}
	open := int64(0)
	for i := range v.part {
		open += v.whole[i]
		mean := float64(open) + float64(v.part[i])/float64(v.step)
		r.Mean = append(r.Mean, mean)
		if mean > r.Most {
			r.Most, r.MostAt = mean, fsm.Time(v.first+int64(i))*v.step
		}
	}
	return r
}
