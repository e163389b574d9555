package conntrack

import (
	"container/heap"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// promotedOver has the connections that were over when they were promoted, or begun with
// segments that had been held, the one with the earliest deadline first. In the queue they
// stand behind others that ended after them.
type promotedOver []promotedConn

// promotedConn is such a connection as it was then. With its next segment it is another.
type promotedConn struct {
	conn     *conn
	id       uint64
	deadline fsm.Time
	overAt   uint64
}

// keepTurn has such a connection be reported when it would have been had it come into the
// queue in time.
func (t *Table) keepTurn(c *conn) {
	if c.queue == &t.over {
		heap.Push(&t.promoted, promotedConn{c, c.ID, c.deadline, c.overAt})
	}
}

// nextPromoted takes the next of them whose turn it is, and returns nil where there is none.
func (t *Table) nextPromoted() *conn {
	for len(t.promoted) > 0 {
		x := t.promoted[0]
		if !t.hasWaited(x.deadline, x.overAt) {
			break
		}
		heap.Pop(&t.promoted)
		if c := x.conn; c.queue == &t.over && c.ID == x.id && c.deadline == x.deadline && c.overAt == x.overAt {
			return c
		}
	}
	return nil
}

// Len is of heap.Interface, as are the others.
func (h promotedOver) Len() int           { return len(h) }
func (h promotedOver) Less(i, k int) bool { return h[i].deadline < h[k].deadline }
func (h promotedOver) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *promotedOver) Push(x any)        { *h = append(*h, x.(promotedConn)) }
func (h *promotedOver) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = promotedConn{}
	*h = (*h)[:last]
	return x
}
