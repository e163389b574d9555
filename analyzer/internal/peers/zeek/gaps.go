package zeek

import "slices"

// ahead is data that was captured above a hole.
type ahead struct{ of [2][]span }

// span is a run of numbers from up to, not including, to.
type span struct{ from, to int64 }

// maxSpans bounds what a very lossy or hostile stream makes us remember for a
// side. Past it the highest runs become one, as if nothing were missing between.
const maxSpans = 256

// Bytes returns how much memory the State has allocated for that.
func (z *State) Bytes() int {
	if z.ahead == nil {
		return 0
	}
	const header, each = 48, 16
	return header + each*(cap(z.ahead.of[0])+cap(z.ahead.of[1]))
}

// deliver notes data of a side.
func (z *State) deliver(side int, from, to int64) {
	e := &z.end[side]
	// What was acknowledged before it came is of no use any more.
	from = max(from, e.acked)
	if to <= e.edge || to <= from {
		return
	}
	if from <= e.edge {
		e.edge = to
		z.catchUp(side)
		return
	}
	if z.ahead == nil {
		z.ahead = &ahead{}
	}
	list := z.ahead.of[side]
	i, _ := slices.BinarySearchFunc(list, from, func(s span, n int64) int {
		if s.to < n {
			return -1
		}
		return 1
	})
	j := i
	for j < len(list) && list[j].from <= to {
		from, to = min(from, list[j].from), max(to, list[j].to)
		j++
	}
	list = slices.Replace(list, i, j, span{from, to})
	if last := len(list) - 1; last >= maxSpans {
		list[last-1].to = list[last].to
		list = list[:last]
	}
	z.ahead.of[side] = list
}

// catchUp moves the edge over data that waited for a hole to be filled.
func (z *State) catchUp(side int) {
	if z.ahead == nil {
		return
	}
	e, list := &z.end[side], z.ahead.of[side]
	i := 0
	for i < len(list) && list[i].from <= e.edge {
		e.edge = max(e.edge, list[i].to)
		i++
	}
	z.ahead.of[side] = slices.Delete(list, 0, i)
}

// acknowledged takes the peer's acknowledgement of a side's numbers before upTo.
// What of them was not captured is a content gap.
func (z *State) acknowledged(side int, upTo int64) {
	e := &z.end[side]
	if upTo <= e.edge || upTo <= 2 && z.partial {
		return
	}
	if e.fins {
		upTo = min(upTo, max(e.fin-1, 0)) // the FIN is no data
	}
	for upTo > e.edge {
		hole := upTo
		if z.ahead != nil && len(z.ahead.of[side]) > 0 {
			hole = min(hole, z.ahead.of[side][0].from)
		}
		z.gap(side, hole-e.edge)
		e.edge = hole
		z.catchUp(side)
	}
}

// gap counts a hole, unless the states say that numbers may be wrong rather
// than octets missing.
func (z *State) gap(side int, n int64) {
	e, peer := &z.end[side], &z.end[1-side]
	if e.clean() && peer.clean() {
		z.missed += uint64(n)
		z.scaled(side, 'G', &e.gaps)
	}
}

// clean reports whether the endpoint is established, or closed from there.
func (e *endpoint) clean() bool {
	return e.state == established || e.state == closed && e.before == established
}
