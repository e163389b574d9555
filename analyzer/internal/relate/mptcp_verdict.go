package relate

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude/verdict"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// closing is how the subflows of an MPTCP connection ended, so far. Its sides are those
// of the first subflow.
type closing struct {
	dataFIN  [2]record.MPTCPDataFIN
	acked    [2]record.MPTCPDataAck
	fast     record.MPTCPEvent
	reset    record.MPTCPReset
	fallback record.MPTCPFallback
	open     uint64    // subflows that were open when their records were made
	ended    uint64    // that ended by FIN or RST
	last     fsm.Frame // of what ended one
	lastAt   fsm.Time
	faulty   bool // the capture misses something of a subflow
}

// turn changes the sides: the server of the first subflow began those so far.
func (x *closing) turn() {
	x.dataFIN[0], x.dataFIN[1] = x.dataFIN[1], x.dataFIN[0]
	x.acked[0], x.acked[1] = x.acked[1], x.acked[0]
	x.fast.Side, x.reset.Side = x.fast.Side.Peer(), x.reset.Side.Peer()
}

// add takes account of one subflow; turned says that the server of the first one began it.
func (x *closing) add(c *record.Connection, turned bool) {
	m := c.MPTCP
	side := func(s fsm.Side) fsm.Side {
		if turned {
			return s.Peer()
		}
		return s
	}
	for s := fsm.Client; s <= fsm.Server; s++ {
		if d, f := &x.dataFIN[side(s)], &m.DataFIN[s]; f.Frame != 0 && (d.Frame == 0 || f.Frame < d.Frame) {
			*d = *f
		}
		if d, a := &x.acked[side(s)], &m.Acked[s]; a.Frame != 0 && (d.Frame == 0 || int32(a.DSN-d.DSN) > 0) {
			*d = *a
		}
	}
	if m.Close.Frame != 0 && (x.fast.Frame == 0 || m.Close.Frame < x.fast.Frame) {
		x.fast = record.MPTCPEvent{Frame: m.Close.Frame, Side: side(m.Close.Side)}
	}
	if m.Reset.Frame > x.reset.Frame {
		x.reset = m.Reset
		x.reset.Side = side(m.Reset.Side)
	}
	if m.State == record.MPTCPFellBack {
		x.fallback = m.Fallback
	}
	x.faulty = x.faulty || c.Quality.GapBytes > 0 || c.Quality.OneSided || c.Quality.Midstream
	x.subflow(c)
}

// subflow notes whether the subflow itself is open.
func (x *closing) subflow(c *record.Connection) {
	if c.State[0].State.Synchronized() && c.State[1].State.Synchronized() && c.Close.FIN == [2]fsm.Frame{} && c.Close.RST == 0 {
		x.open++
		return
	}
	x.ended++
	for _, f := range []fsm.Frame{c.Close.RST, c.Close.FIN[0], c.Close.FIN[1]} {
		if f != 0 && c.Last >= x.lastAt {
			x.last, x.lastAt = f, c.Last
			break
		}
	}
}

// merge takes over what y knows.
func (x *closing) merge(y *closing) {
	for s := range x.dataFIN {
		if x.dataFIN[s].Frame == 0 {
			x.dataFIN[s] = y.dataFIN[s]
		}
		if x.acked[s].Frame == 0 || y.acked[s].Frame != 0 && int32(y.acked[s].DSN-x.acked[s].DSN) > 0 {
			x.acked[s] = y.acked[s]
		}
	}
	if x.fast.Frame == 0 {
		x.fast = y.fast
	}
	if x.reset.Frame < y.reset.Frame {
		x.reset = y.reset
	}
	if x.last < y.last {
		x.last, x.lastAt = y.last, y.lastAt
	}
	x.open += y.open
	x.ended += y.ended
	x.faulty = x.faulty || y.faulty
}

// verdict says how the MPTCP connection went and ended.
func (g *group) verdict() record.MPTCPGroup {
	x := &g.closing
	v := record.MPTCPGroup{Subflows: g.subflows, Sure: !x.faulty}
	for _, m := range g.members {
		v.IDs = append(v.IDs, m.id)
	}
	slices.Sort(v.IDs)
	switch {
	case x.fallback.Frame != 0:
		v.Verdict, v.Frames = record.MPTCPPlain, []fsm.Frame{x.fallback.Frame}
		v.Sentence = "It went on as plain TCP: " + verdict.FallbackWords(&x.fallback) + "."
	case x.fast.Frame != 0:
		v.Verdict, v.Frames = record.MPTCPFastClosed, []fsm.Frame{x.fast.Frame}
		v.Sentence = phrase.Capital(phrase.By(x.fast.Side)) + " ended it with all its subflows at once, by MP_FASTCLOSE in " + phrase.Frame(x.fast.Frame) + "."
	case x.dataFIN[0].Frame != 0 && x.dataFIN[1].Frame != 0:
		x.closed(&v)
	case x.dataFIN[0].Frame != 0 || x.dataFIN[1].Frame != 0:
		x.halfClosed(&v)
	case x.open > 0:
		v.Verdict = record.MPTCPOpen
		v.Sentence = "Neither side had ended its data, and " + phrase.Counted(x.open, "subflow was open", "subflows were open") + " when the capture ended."
	default:
		v.Verdict, v.Sure = record.MPTCPLostSubflows, false
		v.Frames = []fsm.Frame{x.last}
		v.Sentence = "Each of its subflows ended (the last in " + phrase.Frame(x.last) + "), and neither side had ended its data with a DATA_FIN: it was aborted, or goes on with subflows that are not in the capture."
		if x.reset.Frame != 0 {
			v.Frames = append(v.Frames, x.reset.Frame)
			v.Sentence += " " + verdict.ResetWords(&x.reset) + "."
		}
	}
	if g.initial == 0 {
		v.Sure = false
		v.Sentence = "Its first subflow's handshake, which tells the keys, is not in the capture: what follows is of the other subflows alone. " + v.Sentence
		if v.Verdict != record.MPTCPClosed && v.Verdict != record.MPTCPFastClosed {
			v.Verdict = record.MPTCPFirstUnseen // the first may have gone another way
		}
	}
	slices.Sort(v.Frames)
	v.Frames = slices.Compact(v.Frames)
	if len(v.Frames) > 0 && v.Frames[0] == 0 {
		v.Frames = v.Frames[1:]
	}
	return v
}

// closed words that each side ended its data.
func (x *closing) closed(v *record.MPTCPGroup) {
	first := fsm.Client
	if x.dataFIN[fsm.Server].Frame < x.dataFIN[fsm.Client].Frame {
		first = fsm.Server
	}
	a, b := x.dataFIN[first].Frame, x.dataFIN[first.Peer()].Frame
	v.Verdict, v.Frames = record.MPTCPClosed, []fsm.Frame{a, b}
	v.Sentence = "Each side ended its data: " + phrase.By(first) + " first (DATA_FIN in " + phrase.Frame(a) + "), then " + phrase.By(first.Peer()) + " (" + phrase.Frame(b) + ")."
	for s := range x.dataFIN {
		if x.acknowledged(fsm.Side(s)) == 0 {
			v.Sure = false
			v.Sentence += " Nothing captured acknowledges the DATA_FIN of " + phrase.By(fsm.Side(s)) + "."
		}
	}
}

// halfClosed words that one side did.
func (x *closing) halfClosed(v *record.MPTCPGroup) {
	side := fsm.Client
	if x.dataFIN[side].Frame == 0 {
		side = fsm.Server
	}
	fin, ack := x.dataFIN[side].Frame, x.acknowledged(side)
	v.Verdict, v.Frames = record.MPTCPHalfClosed, []fsm.Frame{fin, ack}
	v.Sentence = phrase.Capital(phrase.By(side)) + " ended its data (DATA_FIN in " + phrase.Frame(fin)
	if ack != 0 {
		v.Sentence += ", acknowledged in " + phrase.Frame(ack)
	} else {
		v.Sure = false
	}
	v.Sentence += "), " + phrase.By(side.Peer()) + " did not"
	if x.open > 0 {
		v.Sentence += ": half-closed, with " + phrase.Counted(x.open, "subflow", "subflows") + " open, when the capture ended."
		return
	}
	v.Sure = false
	v.Sentence += ", and each subflow ended, the last in " + phrase.Frame(x.last) + "."
	v.Frames = append(v.Frames, x.last)
}

// acknowledged returns the frame that acknowledges the side's DATA_FIN, on any subflow; 0
// for none.
func (x *closing) acknowledged(side fsm.Side) fsm.Frame {
	m := record.MPTCP{DataFIN: x.dataFIN, Acked: x.acked}
	return m.Acknowledged(side)
}
