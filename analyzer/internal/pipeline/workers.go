package pipeline

import "sync"

// workers run the shards on several goroutines. Batches go through it in order: one
// goroutine sorts them, the workers do their shards' packets at the same time, and
// one more merges finished batches, one after the other.
type workers struct {
	full  chan *batch   // to be sorted
	work  []chan *batch // by worker
	order chan *batch   // to be merged, in order
	idle  chan *batch   // merged, to be filled again
	ended sync.WaitGroup
	spare int // batches that may still be made
}

// batchesUnderWay bounds how far the stages may drift apart.
const batchesUnderWay = 8

func startWorkers(a *Analyzer, n int) *workers {
	t := &workers{full: make(chan *batch, batchesUnderWay), order: make(chan *batch, batchesUnderWay), idle: make(chan *batch, batchesUnderWay), spare: batchesUnderWay}
	for w := range n {
		batches := make(chan *batch, batchesUnderWay)
		t.work = append(t.work, batches)
		t.ended.Go(func() {
			for b := range batches {
				for i := w; i < len(a.shards); i += n {
					a.shards[i].work(b, &b.shards[i])
				}
				b.done.Done()
			}
		})
	}
	t.ended.Go(func() {
		for b := range t.full {
			b.sort(&a.dedup)
			b.done.Add(len(t.work))
			t.order <- b
			for _, w := range t.work {
				w <- b
			}
		}
		for _, w := range t.work {
			close(w)
		}
		close(t.order)
	})
	t.ended.Go(func() {
		for b := range t.order {
			b.done.Wait()
			a.pass(b)
			b.clear()
			t.idle <- b
		}
	})
	return t
}

// dispatch starts work on a batch and returns an empty one.
func (t *workers) dispatch(b *batch) *batch {
	t.full <- b
	select {
	case next := <-t.idle:
		return next
	default:
	}
	if t.spare > 0 {
		t.spare--
		return newBatch(len(b.shards))
	}
	return <-t.idle
}

// stop waits until all batches are merged.
func (t *workers) stop() {
	close(t.full)
	t.ended.Wait()
}
