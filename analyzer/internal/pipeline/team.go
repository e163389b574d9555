package pipeline

import "sync"

// team runs the shards on several goroutines. Rounds go through it in order: one
// goroutine sorts them, the workers do their shards' parts at the same time, and
// one more merges finished rounds, one after the other.
type team struct {
	full  chan *round   // to be sorted
	work  []chan *round // by worker
	order chan *round   // to be merged, in order
	idle  chan *round   // merged, to be filled again
	ended sync.WaitGroup
	spare int // rounds that may still be made
}

// roundsUnderWay bounds how far the stages may drift apart.
const roundsUnderWay = 8

func newTeam(a *Analyzer, workers int) *team {
	t := &team{full: make(chan *round, roundsUnderWay), order: make(chan *round, roundsUnderWay), idle: make(chan *round, roundsUnderWay), spare: roundsUnderWay}
	for w := range workers {
		rounds := make(chan *round, roundsUnderWay)
		t.work = append(t.work, rounds)
		t.ended.Go(func() {
			for r := range rounds {
				for i := w; i < len(a.shards); i += workers {
					a.shards[i].work(r, &r.parts[i])
				}
				r.done.Done()
			}
		})
	}
	t.ended.Go(func() {
		for r := range t.full {
			r.sort(&a.copies)
			r.done.Add(len(t.work))
			t.order <- r
			for _, w := range t.work {
				w <- r
			}
		}
		for _, w := range t.work {
			close(w)
		}
		close(t.order)
	})
	t.ended.Go(func() {
		for r := range t.order {
			r.done.Wait()
			a.pass(r)
			r.clear()
			t.idle <- r
		}
	})
	return t
}

// dispatch starts work on a round and returns an empty one.
func (t *team) dispatch(r *round) *round {
	t.full <- r
	select {
	case next := <-t.idle:
		return next
	default:
	}
	if t.spare > 0 {
		t.spare--
		return newRound(len(r.parts))
	}
	return <-t.idle
}

// stop waits until all rounds are merged.
func (t *team) stop() {
	close(t.full)
	t.ended.Wait()
}
