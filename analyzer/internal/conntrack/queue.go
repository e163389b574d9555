package conntrack

// queue is a list of connections, oldest first. A connection waits in one queue at
// a time.
type queue struct {
	head, tail *conn
}

func (q *queue) push(c *conn) {
	c.queue, c.prev, c.next = q, q.tail, nil
	if q.tail != nil {
		q.tail.next = c
	} else {
		q.head = c
	}
	q.tail = c
}

func (c *conn) unlink() {
	q := c.queue
	if q == nil {
		return
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		q.head = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		q.tail = c.prev
	}
	c.queue, c.prev, c.next = nil, nil, nil
}

// moveTo puts the connection at the end of another queue.
func (c *conn) moveTo(q *queue) {
	c.unlink()
	q.push(c)
}
