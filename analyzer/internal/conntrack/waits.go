package conntrack

import "github.com/tcpflow-states/tcpflow-states/fsm"

// DefaultShortestWait is what 0 means in Options.
const DefaultShortestWait = fsm.Second / 2

// CleanTimes is what the services' figures need of a clean connection's times.
type CleanTimes struct {
	Handshake           fsm.Time // from the SYN to the handshake's last ACK; −1 unless it was opened
	Answers             []fsm.Time
	FirstData, LastData fsm.Time // 0 without data
	Packets             [2]uint32
}

// waits follows what each side waits for along a connection's segments.
type waits struct {
	limit       fsm.Time
	sent, acked [2]fsm.Seq // by sending side: the number after the latest, and the peer's acknowledgment
	since       fsm.Time   // somebody has waited for the other side without a break; 0 while nobody does
	syn         fsm.Time
	turn        turn
	askedAt     fsm.Time // while asking: the client's latest data …
	end         fsm.Seq  // … and the number after it
	slow        bool     // somebody waited for longer than the limit
}

// turn is whose turn it is to speak, by the rules of flow's requests and answers, as far
// as clean connections need them.
type turn uint8

const (
	unasked turn = iota
	asking
	answering
	crossed // both spoke at a time
)

// pending reports whether anybody waits for the other side.
func (w *waits) pending() bool { return w.turn == asking || w.sent != w.acked }

// passes takes the time up to now into account.
func (w *waits) passes(now fsm.Time) {
	if w.since != 0 && now-w.since > w.limit {
		w.slow = true
	}
}

// add takes the next segment into account.
func (w *waits) add(b *packedSegment, c *CleanTimes) {
	w.passes(b.time)
	w.look(b, c)
	switch {
	case !w.pending():
		w.since = 0
	case w.since == 0:
		w.since = b.time
	}
}

func (w *waits) look(b *packedSegment, c *CleanTimes) {
	from := b.from()
	c.Packets[from]++
	f := b.flags()
	end := b.seq.Add(b.length)
	if f&fsm.SYN != 0 {
		end++
		if from == fsm.Client {
			w.syn = b.time
		}
		w.acked[from] = b.seq
	}
	if f&fsm.FIN != 0 {
		end++
	}
	if end != b.seq { // a keepalive may lie below
		w.sent[from] = end
	}
	if f&fsm.ACK != 0 {
		w.acked[from.Peer()] = b.ack
		if c.Handshake < 0 && from == fsm.Client && f&fsm.SYN == 0 && w.syn != 0 {
			c.Handshake = b.time - w.syn
			w.slow = w.slow || c.Handshake > w.limit
		}
	}
	if b.length == 0 {
		return
	}
	if c.FirstData == 0 {
		c.FirstData = b.time
	}
	c.LastData = b.time
	w.takeTurn(from, b, c)
}

// takeTurn follows requests and answers. b carries data, and its sender's numbers hold it
// already.
func (w *waits) takeTurn(from fsm.Side, b *packedSegment, c *CleanTimes) {
	switch {
	case from == fsm.Client && w.turn != asking && b.ack.Before(w.sent[fsm.Server]):
		w.turn = crossed
	case from == fsm.Client:
		w.turn, w.askedAt, w.end = asking, b.time, b.seq.Add(b.length)
	case w.turn != asking:
	case b.ack.Before(w.end):
		w.turn = crossed
	default:
		w.turn = answering
		c.Answers = append(c.Answers, b.time-w.askedAt)
	}
}

// times fills in the times of a clean connection, up to now, and reports whether nobody
// waited for longer than a check may mind: one that is slow is judged by itself.
func (t *Table) times(n *compactConn, c *CleanTimes) bool {
	*c = CleanTimes{Handshake: -1, Answers: c.Answers[:0]}
	w := waits{limit: t.opt.ShortestWait}
	t.compact.each(n, func(_ uint8, b *packedSegment) { w.add(b, c) })
	w.passes(t.now)
	return !w.slow
}
