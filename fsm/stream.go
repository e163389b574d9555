package fsm

// Stream records which sequence numbers of one direction passed the tap. The
// ordinary case, everything in order, costs two comparisons and no memory;
// holes keep a short sorted list of the blocks seen above them.
type Stream struct {
	Edge    Seq // every number before it was seen, or acknowledged by the peer
	Top     Seq // the number after the highest seen
	started bool
	closed  bool // a hole was forgotten, see maxBlocks
	blocks  []block
}

// block is a run of numbers seen above a hole.
type block struct{ from, to Seq }

// maxBlocks bounds what a hostile or very lossy stream can make us remember.
// Past it the two nearest blocks become one, and the hole between them is
// forgotten: its octets will look repeated instead of late.
const maxBlocks = 64

// Started reports whether any number of the stream is known.
func (st *Stream) Started() bool { return st.started }

// Start sets the first number expected, if none is known yet.
func (st *Stream) Start(at Seq) {
	if !st.started {
		st.Edge, st.Top, st.started = at, at, true
	}
}

// Restart forgets what was seen and begins again at the given number.
func (st *Stream) Restart(at Seq) {
	*st = Stream{Edge: at, Top: at, started: true}
}

// Bytes returns how much memory the Stream has allocated beside itself.
func (st *Stream) Bytes() int { return 8 * cap(st.blocks) } // two Seqs each

// Forgot reports whether more holes were open at once than are remembered: what fills a
// forgotten one looks repeated instead of late.
func (st *Stream) Forgot() bool { return st.closed }

// Holes reports whether numbers between Edge and Top are missing.
func (st *Stream) Holes() bool { return len(st.blocks) > 0 }

// Add records the numbers from, …, to−1 and returns how many of them are new
// and how many were recorded before.
func (st *Stream) Add(from, to Seq) (fresh, old uint32) {
	if from == st.Edge && len(st.blocks) == 0 {
		st.Edge, st.Top = to, to
		return uint32(to - from), 0
	}
	return st.insert(from, to)
}

func (st *Stream) insert(from, to Seq) (fresh, old uint32) {
	total := uint32(to - from)
	if total == 0 {
		return 0, 0
	}
	if from.Before(st.Edge) { // the part below the edge is old
		if to.AtOrBefore(st.Edge) {
			return 0, total
		}
		from = st.Edge
	}
	fresh = uint32(to - from)

	// Merge with the blocks that the new one touches.
	lo := 0
	for lo < len(st.blocks) && st.blocks[lo].to.Before(from) {
		lo++
	}
	hi := lo
	merged := block{from, to}
	for hi < len(st.blocks) && st.blocks[hi].from.AtOrBefore(to) {
		b := st.blocks[hi]
		fresh -= overlap(block{from, to}, b)
		if b.from.Before(merged.from) {
			merged.from = b.from
		}
		if b.to.After(merged.to) {
			merged.to = b.to
		}
		hi++
	}
	if merged.from == st.Edge {
		st.Edge = merged.to
		st.blocks = append(st.blocks[:lo], st.blocks[hi:]...)
	} else if hi > lo {
		st.blocks[lo] = merged
		st.blocks = append(st.blocks[:lo+1], st.blocks[hi:]...)
	} else {
		st.blocks = append(st.blocks, block{})
		copy(st.blocks[lo+1:], st.blocks[lo:])
		st.blocks[lo] = merged
		if len(st.blocks) > maxBlocks {
			st.closeNarrowestHole()
		}
	}
	if to.After(st.Top) {
		st.Top = to
	}
	return fresh, total - fresh
}

// overlap returns how many numbers two blocks share.
func overlap(a, b block) uint32 {
	from, to := MaxSeq(a.from, b.from), a.to
	if b.to.Before(to) {
		to = b.to
	}
	if to.AtOrBefore(from) {
		return 0
	}
	return uint32(to - from)
}

func (st *Stream) closeNarrowestHole() {
	best := 1
	for i := 2; i < len(st.blocks); i++ {
		if st.blocks[i].from-st.blocks[i-1].to < st.blocks[best].from-st.blocks[best-1].to {
			best = i
		}
	}
	st.closed = true
	st.blocks[best-1].to = st.blocks[best].to
	st.blocks = append(st.blocks[:best], st.blocks[best+1:]...)
}

// Acknowledged moves the edge up to a number that the receiver acknowledged,
// and returns how many numbers below it were never seen: they were received, so
// the capture lost them.
func (st *Stream) Acknowledged(ack Seq) (unseen uint32) {
	if ack.AtOrBefore(st.Edge) {
		return 0
	}
	unseen = uint32(ack - st.Edge)
	n := 0
	for _, b := range st.blocks {
		if b.from.After(ack) {
			break
		}
		unseen -= overlap(block{st.Edge, ack}, b)
		if b.to.After(ack) {
			ack = b.to
		}
		n++
	}
	st.blocks = append(st.blocks[:0], st.blocks[n:]...)
	st.Edge = ack
	if st.Top.Before(ack) {
		st.Top = ack
	}
	return unseen
}
