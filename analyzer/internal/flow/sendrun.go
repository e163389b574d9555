package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// run is a stretch of a sendQueue: the entries buf[from:to], of which there is at
// least one wherever the queue has more runs than one.
type run struct {
	buf      []sent
	from, to int

	// What the entries have in common, where it is known.
	known  bool
	sacked bool     // one is selectively acknowledged …
	newest fsm.Time // … and when the latest sent of these was sent
	open   int      // entries that are not
}

// longestRun is how many entries a run has room for. Inserting one moves half as many,
// and with maxOutstanding it gives the greatest number of runs.
const longestRun = 128

// memory is for how many entries memory is made where there is room for so many: one
// in four more, so that they are moved down only now and then.
func memory(room int) int {
	room = min(room, longestRun)
	return room + room/4
}

func (r *run) last() *sent { return &r.buf[r.to-1] }

// moveDown moves the entries to the start of buf, which becomes the run's memory.
func (r *run) moveDown(buf []sent) {
	r.to = copy(buf, r.buf[r.from:r.to])
	r.from, r.buf = 0, buf
}

// sackedSince reports whether one of the entries that are selectively acknowledged
// was sent at that time or later.
func (r *run) sackedSince(since fsm.Time) bool {
	r.sum()
	return r.sacked && r.newest >= since
}

// unsacked returns how many entries are not selectively acknowledged.
func (r *run) unsacked() int {
	r.sum()
	return r.open
}

// sum makes known what the entries have in common.
func (r *run) sum() {
	if r.known {
		return
	}
	r.known, r.sacked, r.newest, r.open = true, false, 0, 0
	for i := range r.buf[r.from:r.to] {
		switch e := &r.buf[r.from+i]; {
		case !e.sacked:
			r.open++
		case !r.sacked || e.latest > r.newest:
			r.sacked, r.newest = true, e.latest
		}
	}
}

// again notes that the segment was sent again.
func (e *sent) again(now fsm.Time) {
	e.latest = now
	if e.times < 255 {
		e.times++
	}
}
