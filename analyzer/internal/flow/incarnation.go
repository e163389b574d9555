package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// candidate is a SYN with a new initial number on a 4-tuple that is in use. It
// may open the next connection, or be an old duplicate, or a forgery: its answer
// tells. Until then it and what belongs to it is held.
type pendingSYN struct {
	isn  fsm.Seq
	from decode.Endpoint
	held []decode.Packet // without payload
}

// maxHeld bounds a candidate; one that is not decided by then is believed.
const maxPending = 16

// incarnation decides which connection of the flow's key a segment belongs to.
// It returns nil when the segment is held.
func (t *Table) chooseIncarnation(f *Flow, p *decode.Packet) *Flow {
	if f.pending != nil {
		return t.resolvePending(f, p)
	}
	s := &p.Segment
	if s.Flags&(fsm.SYN|fsm.ACK|fsm.RST|fsm.FIN) != fsm.SYN {
		if s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN|fsm.ACK && t.synAckOpensAnew(f, p) {
			return t.startNext(f, p)
		}
		return f
	}
	x, y := f.ends(p)
	switch {
	case x.SentSYN && s.Seq == x.ISS:
		return f // the same SYN again, or captured behind its SYN-ACK
	case !x.SentSYN && x.State == fsm.Closed && y.State == fsm.SynSent:
		return f // a SYN crossing a SYN
	case x.State == fsm.Closed && y.State == fsm.Closed:
		return t.startNext(f, p)
	}
	f.pending = &pendingSYN{isn: s.Seq, from: p.Src}
	f.pending.hold(p)
	return nil
}

// synAckOpensAnew reports whether a SYN-ACK with a new number comes from an
// endpoint whose connection is over: the SYN before it was not captured.
func (t *Table) synAckOpensAnew(f *Flow, p *decode.Packet) bool {
	x, _ := f.ends(p)
	return f.Over() && x.SentSYN && p.Segment.Seq != x.ISS && x.State != fsm.Listen && p.Time-f.Last.Time > fsm.Second
}

func (f *Flow) ends(p *decode.Packet) (x, y *fsm.Endpoint) {
	side := f.SideOf(p)
	return &f.Conn.End[side], &f.Conn.End[side.Peer()]
}

func (c *pendingSYN) hold(p *decode.Packet) {
	q := *p
	q.Payload = nil
	c.held = append(c.held, q)
}

// decide looks at the next segment of a key that has a candidate.
func (t *Table) resolvePending(f *Flow, p *decode.Packet) *Flow {
	c := f.pending
	s := &p.Segment
	x, y := f.ends(p)
	accepts := s.Flags&fsm.ACK != 0 && s.Ack == c.isn+1 // it acknowledges the candidate's SYN
	if p.Src != c.from {
		switch {
		case accepts && s.Flags&fsm.SYN != 0:
			if y.State == fsm.SynSent || y.State == fsm.SynReceived {
				// Two SYNs are under way; the client's next segment tells which
				// of them it stands by (RFC 9293 Figure 9).
				c.hold(p)
				return nil
			}
			return t.acceptPending(f)
		case accepts:
			return t.acceptPending(f) // refused, or taken up without the SYN-ACK captured
		case s.Flags&fsm.SYN != 0:
			return f // answers the connection's own SYN
		case s.Flags&fsm.RST == 0 && s.Len == 0 && x.State.Synchronized():
			t.rejectPending(f) // an ACK of the old numbers: the connection lives on
		}
		return f
	}
	switch {
	case s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN && s.Seq == c.isn:
		if len(c.held) >= maxPending {
			return t.acceptPending(f)
		}
		c.hold(p)
		return nil
	case s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN:
		if x.SentSYN && s.Seq == x.ISS {
			return f // the connection's own SYN again
		}
		n := t.acceptPending(f)
		return t.chooseIncarnation(n, p)
	case s.Flags&fsm.RST != 0:
		t.rejectPending(f) // the client disowns it
		return f
	case s.Seq == c.isn+1:
		return t.acceptPending(f)
	}
	return f
}

// promote makes the candidate the key's next connection and returns it.
func (t *Table) acceptPending(f *Flow) *Flow {
	held := f.pending.held
	f.pending = nil
	n := t.startNext(f, &held[0])
	for i := range held {
		t.step(n, &held[i])
	}
	return n
}

// succeed ends the connection and begins the next one of its key with p, which
// is not yet given to it.
func (t *Table) startNext(f *Flow, p *decode.Packet) *Flow {
	f.ReusedAt = fsm.Stamp{Time: p.Time, Frame: p.Frame}
	earlier := previous{incarnation: f.Incarnation, of: f.AsPrevious()}
	now := t.now
	t.now = max(f.Last.Time, p.Time)
	t.report(f)
	t.now = now
	t.unindex(f)
	n := t.begin(f.Key, f.hash, p, &earlier)
	t.forget(f)
	return n
}

// release gives what was held back to the connection itself: the SYN came to
// nothing.
func (t *Table) rejectPending(f *Flow) {
	if f.pending == nil {
		return
	}
	held := f.pending.held
	f.pending = nil
	for i := range held {
		f.add(&held[i])
	}
}

// conclude settles an undecided candidate when the capture ends: a SYN that
// nothing contradicts was an attempt of its own.
func (t *Table) settlePending(f *Flow) {
	c := f.pending
	side := f.SideOf(&c.held[0])
	if f.Dir[side].Last.Time > c.held[0].Time {
		t.rejectPending(f) // its supposed sender went on with the connection
		return
	}
	t.acceptPending(f)
}
