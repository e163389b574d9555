package pipeline

import "sync"

// team runs the shards on several goroutines. Rounds go through it in order: one
// goroutine sorts them, the workers do their shards' parts at the same time, and
// one more merges finished rounds, one after the other.
type workers struct {
	full  chan *batch   // to be sorted
	work  []chan *batch // by worker
	order chan *batch   // to be merged, in order
	idle  chan *batch   // merged, to be filled again
	ended sync.WaitGroup
	spare int // rounds that may still be made
}

// roundsUnderWay bounds how far the stages may drift apart.
const batchesUnderWay = 8

func startWorkers(a *Analyzer, n int) *workers {
	t := &workers{full: make(chan *batch, batchesUnderWay), order: make(chan *batch, batchesUnderWay), idle: make(chan *batch, batchesUnderWay), spare: batchesUnderWay}
	for w := range n {
		rounds := make(chan *batch, batchesUnderWay)
		t.work = append(t.work, rounds)
		t.ended.Go(func() {
			for r := range rounds {
				for i := w; i < len(a.shards); i += n {
					a.shards[i].work(r, &r.shards[i])
				}
				r.done.Done()
			}
		})
	}
	t.ended.Go(func() {
		for r := range t.full {
			r.sort(&a.dedup)
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
func (t *workers) dispatch(r *batch) *batch {
	t.full <- r
	select {
	case next := <-t.idle:
		return next
	default:
	}
	if t.spare > 0 {
		t.spare--
		return newBatch(len(r.shards))
	}
	return <-t.idle
}

// stop waits until all rounds are merged.
func (t *workers) stop() {
	close(t.full)
	t.ended.Wait()
}
