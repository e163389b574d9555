package flow

import "unsafe"

// Bytes returns how much memory the Flow has allocated beside itself, nearly.
func (f *Flow) Bytes() int {
	n := room(f.Conn.Transitions) + room(f.Timeline)
	if f.events != nil {
		n += int(unsafe.Sizeof(*f.events)) + room(f.events.segments)
	}
	if f.Stalls != nil {
		n += int(unsafe.Sizeof(*f.Stalls))
	}
	for i := range f.Dir {
		n += f.Dir[i].bytes()
	}
	return n
}

func (d *Direction) bytes() (n int) {
	if d.contents != nil {
		n += int(unsafe.Sizeof(*d.contents))
	}
	if d.windows != nil {
		n += int(unsafe.Sizeof(*d.windows))
	}
	if d.Keepalive != nil {
		n += int(unsafe.Sizeof(*d.Keepalive)) + 3*MaxNotable*8
	}
	w := &d.sender
	if w.resent != nil {
		n += int(unsafe.Sizeof(*w.resent))
	}
	if w.rtt.many != nil || w.rtt.spare != nil {
		n += int(unsafe.Sizeof(histogram{}))
	}
	n += room(w.queue.runs) + room(w.queue.spare)
	for i := range w.queue.runs {
		n += room(w.queue.runs[i].buf)
	}
	return n
}

// room returns how many bytes a list has allocated.
func room[T any](list []T) int { return int(unsafe.Sizeof(*new(T))) * cap(list) }
