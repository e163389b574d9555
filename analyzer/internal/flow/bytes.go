package flow

import "unsafe"

// Bytes returns how much memory the Flow has allocated beside itself, nearly.
func (f *Flow) Bytes() int {
	n := room(f.Conn.Transitions) + f.Zeek.Bytes() + room(f.Timeline) + room(f.responders)
	n += pointed(f.Previous) + pointed(f.Stalls) + pointed(f.icmp) + pointed(f.accurate) + pointed(f.multipath) + pointed(f.fragments)
	n += pointed(f.series) + pointed(f.spareSeries) // what is in them has a limit of its own
	if f.multipath != nil {
		n += room(f.multipath.Signals)
	}
	for _, l := range [...]*eventLog{f.events, f.spare} {
		if l != nil {
			n += pointed(l) + room(l.segments)
		}
	}
	for _, x := range [...]*exchanges{f.exchanges, f.spareExchanges} {
		if x != nil {
			n += pointed(x) + x.bytes()
		}
	}
	for i := range f.Dir {
		n += f.Conn.End[i].Out.Bytes() + f.Dir[i].bytes()
	}
	return n
}

func (d *Direction) bytes() (n int) {
	n = pointed(d.contents) + pointed(d.fuller) + pointed(d.windows) + pointed(d.spareWindows) + pointed(d.unsigned) + pointed(d.badSums) + pointed(d.BeforeRST) + pointed(d.Keepalive)
	if d.badSums != nil {
		n += room(d.badSums.pending) + room(d.badSums.taken)
	}
	if d.Keepalive != nil {
		n += 3 * MaxNotable * 8
	}
	w := &d.sender
	if n += pointed(w.stalls); w.stalls != nil {
		n += w.stalls.all.Bytes()
	}
	n += pointed(w.resent) + pointed(w.hole) + pointed(w.told)
	if w.rtt.many != nil || w.rtt.spare != nil {
		n += int(unsafe.Sizeof(histogram{}))
	}
	n += room(w.queue.runs) + room(w.queue.spare)
	for i := range w.queue.runs {
		n += room(w.queue.runs[i].buf)
	}
	return n
}

// pointed returns how many bytes something has that may not be there.
func pointed[T any](p *T) int {
	if p == nil {
		return 0
	}
	return int(unsafe.Sizeof(*p))
}

// room returns how many bytes a list has allocated.
func room[T any](list []T) int { return int(unsafe.Sizeof(*new(T))) * cap(list) }
