package flow

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// plainQueue does what a sendQueue does, on one list and step by step.
type plainQueue struct {
	list  []sent // those acknowledged first
	acked int
	room  int
}

func (q *plainQueue) out() []sent { return q.list[q.acked:] }

func (q *plainQueue) insert(s sent) {
	n := len(q.out())
	switch {
	case n < q.room:
	case q.room < maxOutstanding:
		q.room = max(8, 2*q.room)
	default:
		q.acked++
	}
	if len(q.list) == q.room {
		q.list, q.acked = slices.Delete(q.list, 0, 1), q.acked-1
	}
	i := len(q.list)
	for i > q.acked && q.list[i-1].seq.After(s.seq) {
		i--
	}
	q.list = slices.Insert(q.list, i, s)
}

func (q *plainQueue) find(seq, end fsm.Seq) *sent {
	for i := range q.out() {
		if e := &q.out()[i]; e.end.After(seq) {
			if e.seq.Before(end) {
				return e
			}
			break
		}
	}
	return nil
}

func (q *plainQueue) acknowledged(seq, end fsm.Seq) *sent {
	for i := q.acked - 1; i >= 0; i-- {
		if e := &q.list[i]; e.seq.Before(end) {
			if e.end.After(seq) {
				return e
			}
			break
		}
	}
	return nil
}

func (q *plainQueue) above(seq fsm.Seq) *sent {
	for i := range q.out() {
		if e := &q.out()[i]; !e.seq.Before(seq) {
			return e
		}
	}
	return nil
}

func (q *plainQueue) sentAgain(seq, end fsm.Seq, now fsm.Time) {
	for i := range q.out() {
		if e := &q.out()[i]; e.end.After(seq) && e.seq.Before(end) {
			e.again(now)
		}
	}
}

func (q *plainQueue) sackedSince(seq fsm.Seq, since fsm.Time) bool {
	return slices.ContainsFunc(q.out(), func(e sent) bool { return e.end.After(seq) && e.sacked && e.latest >= since })
}

func (q *plainQueue) markSACKed(from, to fsm.Seq) (marked int) {
	for i := range q.out() {
		if e := &q.out()[i]; !e.seq.Before(from) && !e.end.After(to) && !e.sacked {
			e.sacked = true
			marked++
		}
	}
	return marked
}

// entries lists a queue: those acknowledged, then those outstanding.
func (q *sendQueue) entries() (acked, out []sent) {
	for i := range q.runs {
		r := &q.runs[i]
		for at := r.from; at < r.to; at++ {
			if i < q.front.run || i == q.front.run && at < q.front.at {
				acked = append(acked, r.buf[at])
			} else {
				out = append(out, r.buf[at])
			}
		}
	}
	return acked, out
}

// A sendQueue answers as a plain list does, whatever order segments are sent,
// repeated, selectively acknowledged and acknowledged in.
func TestSendQueue(t *testing.T) {
	for round := range uint64(60) {
		rng := rand.New(rand.NewPCG(round, 1))
		var q sendQueue
		var plain plainQueue
		space := 20 << (round % 9) // so many segments at once
		unsent := rng.Perm(space)
		switch round % 3 {
		case 0:
			slices.Sort(unsent)
		case 1:
			slices.Sort(unsent)
			slices.Reverse(unsent)
		}
		base := fsm.Seq(rng.Uint32())
		number := func(i int) fsm.Seq { return base.Add(uint32(10 * i)) }
		some := func() (fsm.Seq, fsm.Seq) {
			i := rng.IntN(space)
			return number(i).Add(uint32(rng.IntN(10))), number(i + 1 + rng.IntN(1+min(space-i, 1<<rng.IntN(14))))
		}
		low := fsm.Seq(base)
		for now := fsm.Time(1); now < fsm.Time(3*space); now++ {
			same := func(what string, a, b *sent) {
				t.Helper()
				if (a == nil) != (b == nil) || a != nil && *a != *b {
					t.Fatalf("round %d, step %d: %s: %+v, a plain list has %+v", round, now, what, a, b)
				}
			}
			seq, end := some()
			switch rng.IntN(8) {
			case 0, 1, 2, 3:
				if len(unsent) == 0 {
					continue
				}
				s := sent{seq: number(unsent[0]), end: number(unsent[0] + 1), frame: fsm.Frame(now), first: now, latest: now, times: 1}
				unsent = unsent[1:]
				if s.seq.Before(low) {
					continue
				}
				q.insert(s)
				plain.insert(s)
			case 4:
				if p, ok := q.find(seq, end); ok {
					q.sentAgain(p, end, now)
				}
				plain.sentAgain(seq, end, now)
			case 5:
				marked := 0
				q.markSACKed(seq, end, func(*sent) { marked++ })
				if want := plain.markSACKed(seq, end); marked != want {
					t.Fatalf("round %d, step %d: %d marked, want %d", round, now, marked, want)
				}
			case 6:
				if rng.IntN(20) > 0 {
					continue
				}
				for q.n > 0 && q.at(q.front).end.AtOrBefore(seq) {
					low = q.at(q.front).end
					q.pop()
					plain.acked++
				}
			}
			var found *sent
			if p, ok := q.find(seq, end); ok {
				found = q.at(p)
			}
			same("find", found, plain.find(seq, end))
			same("acknowledged", q.acknowledged(seq, end), plain.acknowledged(seq, end))
			same("above", q.above(seq), plain.above(seq))
			since := fsm.Time(rng.IntN(int(now)))
			if got, want := q.sackedSince(seq, since), plain.sackedSince(seq, since); got != want {
				t.Fatalf("round %d, step %d: SACKed since: %v, want %v", round, now, got, want)
			}
			if now%97 == 0 {
				acked, out := q.entries()
				if q.n != len(out) || !slices.Equal(out, plain.out()) || !slices.Equal(acked, plain.list[:plain.acked]) {
					t.Fatalf("round %d, step %d: %d acknowledged and %d outstanding, want %d and %d", round, now, len(acked), len(out), plain.acked, len(plain.out()))
				}
			}
		}
	}
}

// However the segments come, the queue stays within its bound, and its runs are few:
// they are what looking something up and inserting something costs.
func TestSendQueueRuns(t *testing.T) {
	const n = 4 * maxOutstanding
	for name, place := range map[string]func(i int) int{
		"in order":        func(i int) int { return i },
		"reverse":         func(i int) int { return n - i },
		"from the middle": func(i int) int { return n/2 + (i%2*2-1)*i/2 },
		"to the middle":   func(i int) int { return i%2*n + (1-i%2*2)*i/2 },
		"scattered":       func(i int) int { return i * 40503 % n },
	} {
		var q sendQueue
		most := 0
		for i := range n {
			seq := fsm.Seq(0).Add(uint32(10 * place(i)))
			q.insert(sent{seq: seq, end: seq.Add(10), frame: fsm.Frame(i + 1), times: 1})
			most = max(most, len(q.runs))
		}
		if q.n != maxOutstanding {
			t.Errorf("%s: %d outstanding, want %d", name, q.n, maxOutstanding)
		}
		if bound := 2*maxOutstanding/longestRun + 2; most > bound {
			t.Errorf("%s: %d runs, want at most %d", name, most, bound)
		}
	}
}

// Segments in order take no memory each.
func TestSendQueueAllocations(t *testing.T) {
	var q sendQueue
	seq := fsm.Seq(0)
	send := func() {
		q.push(sent{seq: seq, end: seq.Add(10), frame: 1, times: 1})
		seq = seq.Add(10)
		if q.n == 1000 {
			q.pop()
		}
	}
	for range 5000 {
		send()
	}
	if n := testing.AllocsPerRun(10000, send); n > 0.01 {
		t.Errorf("%v allocations per segment", n)
	}
}
