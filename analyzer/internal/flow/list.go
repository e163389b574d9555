package flow

// list is a queue of flows, oldest first. A flow waits in one list at a time.
type queue struct {
	head, tail *Flow
	n          int
}

func (l *queue) push(f *Flow) {
	f.queue, f.prev, f.next = l, l.tail, nil
	if l.tail != nil {
		l.tail.next = f
	} else {
		l.head = f
	}
	l.tail = f
	l.n++
}

func (f *Flow) unlink() {
	l := f.queue
	if l == nil {
		return
	}
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		l.head = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	} else {
		l.tail = f.prev
	}
	f.queue, f.prev, f.next = nil, nil, nil
	l.n--
}

// moveTo puts the flow at the end of another list.
func (f *Flow) moveTo(l *queue) {
	f.unlink()
	l.push(f)
}
