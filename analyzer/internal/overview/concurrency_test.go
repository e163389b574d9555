package overview

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestConcurrency holds the steps against what each connection adds to each of them.
func TestConcurrency(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, length := range []fsm.Time{fsm.Second / 10, 3 * fsm.Second, 4000 * fsm.Second, 90_000 * fsm.Second} {
		var v concurrency
		var all []*record.Connection
		for range 300 {
			c := &record.Connection{First: 1_700_000_000*fsm.Second + fsm.Time(rng.Int64N(int64(length)))}
			c.Last = c.First + fsm.Time(rng.Int64N(int64(length)/4))
			all = append(all, c)
			v.add(c)
		}
		r := v.report()
		if len(r.Mean) == 0 || len(r.Mean) > record.MaxSteps || r.Step > max(firstStep, 4*length/record.MaxSteps) {
			t.Fatalf("%v: %d steps of %v", length, len(r.Mean), r.Step)
		}
		most := 0.0
		for i, got := range r.Mean {
			from := r.From + fsm.Time(i)*r.Step
			want := 0.0
			for _, c := range all {
				want += float64(max(0, min(c.Last, from+r.Step)-max(c.First, from))) / float64(r.Step)
			}
			most = max(most, want)
			if math.Abs(got-want) > 1e-6 {
				t.Fatalf("%v, step %d: %g open, expected %g", length, i, got, want)
			}
		}
		if math.Abs(r.Most-most) > 1e-6 || r.MostAt < r.From {
			t.Errorf("%v: most %g at %v, expected %g", length, r.Most, r.MostAt, most)
		}
	}
}

// TestConcurrencyFarApart: times that lie as far apart as there can be are no trouble.
func TestConcurrencyFarApart(t *testing.T) {
	var v concurrency
	for _, at := range []fsm.Time{math.MaxInt64 - 1, 0, 1, math.MaxInt64, -5} {
		v.add(&record.Connection{First: at, Last: at})
		v.add(&record.Connection{First: 0, Last: max(0, at)})
	}
	if r := v.report(); len(r.Mean) == 0 || len(r.Mean) > record.MaxSteps {
		t.Errorf("%d steps", len(r.Mean))
	}
}
