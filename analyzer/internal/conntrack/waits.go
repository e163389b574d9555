package conntrack

import "github.com/tcpflow-states/tcpflow-states/fsm"

// DefaultShortestWait is what 0 means in Options.
const DefaultShortestWait = fsm.Second / 2

// CleanTimes is what the services' figures need of a clean connection's times.
type CleanTimes struct {
	Handshake           fsm.Time   // from the SYN to the handshake's last ACK; −1 unless it was opened
	Answers             []fsm.Time // from a request's last byte to its answer's first
	FirstData, LastData fsm.Time   // 0 without data
	Packets             [2]uint32
}

// waits follows what the sides of a clean connection wait for, segment by segment: a walk
// along the segments at the end would wait for their memory.
type waits struct {
	since     fsm.Time // somebody has waited for the other side without a break; 0 while nobody does
	longest   fsm.Time // such wait that is over
	syn       fsm.Time
	handshake fsm.Time // 0 until it is over
	firstData fsm.Time
	askedAt   fsm.Time // while asking: the client's latest data …
	end       fsm.Seq  // … and the number after it
	packets   [2]uint8
	turn      turn
	answered  uint8                // answers
	answers   [maxAnswers]fsm.Time // to the first of them
}

// maxAnswers is how many answers of a connection are noted; one with more is judged by
// itself.
const maxAnswers = 8

// turn is whose turn it is to speak, by the rules of flow's requests and answers, as far
// as clean connections need them.
type turn uint8

const (
	unasked turn = iota
	asking
	answering
	crossed // both spoke at a time
)

// passes takes the time up to now into account.
func (w *waits) passes(now fsm.Time) {
	if w.since != 0 {
		w.longest = max(w.longest, now-w.since)
	}
}

// wait takes a segment into account that the connection has accepted.
func (c *cleanConn) wait(from fsm.Side, b *packedSegment) {
	w := &c.waits
	w.passes(b.time)
	w.packets[from]++
	switch {
	case b.flags()&(fsm.SYN|fsm.ACK) == fsm.SYN:
		w.syn = b.time
	case w.handshake == 0 && from == fsm.Client:
		w.handshake = max(1, b.time-w.syn) // not 0
	}
	if b.length > 0 {
		if w.firstData == 0 {
			w.firstData = b.time
		}
		w.takeTurn(from, b, c.halves[fsm.Server].next)
	}
	x, y := &c.halves[fsm.Client], &c.halves[fsm.Server]
	switch pending := w.turn == asking || x.next != y.acked || y.next != x.acked; {
	case !pending:
		w.since = 0
	case w.since == 0:
		w.since = b.time
	}
}

// takeTurn follows requests and answers; said is the number after what the server has sent.
func (w *waits) takeTurn(from fsm.Side, b *packedSegment, said fsm.Seq) {
	switch {
	case from == fsm.Client && w.turn != asking && b.ack.Before(said):
		w.turn = crossed
	case from == fsm.Client:
		w.turn, w.askedAt, w.end = asking, b.time, b.seq.Add(b.length)
	case w.turn != asking:
	case b.ack.Before(w.end):
		w.turn = crossed
	default:
		w.turn = answering
		if w.answered < maxAnswers {
			w.answers[w.answered] = b.time - w.askedAt
		}
		w.answered++
	}
}

// times fills in the times of a clean connection, up to now, and reports whether nobody
// waited for longer than a check may mind: one that is slow is judged by itself.
func (c *cleanConn) times(now, limit fsm.Time, t *CleanTimes) bool {
	w := &c.waits
	w.passes(now)
	if w.answered > maxAnswers || w.longest > limit || w.handshake > limit {
		return false
	}
	t.Handshake = w.handshake
	t.Answers = append(t.Answers[:0], w.answers[:w.answered]...)
	t.FirstData, t.LastData = w.firstData, 0
	for side := range c.halves {
		t.LastData = max(t.LastData, c.halves[side].lastData)
		t.Packets[side] = uint32(w.packets[side])
	}
	return true
}
