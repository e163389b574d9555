package conntrack

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// pendingSYN is a SYN with another ISN on a 4-tuple that is in use. It may open
// the next connection, or be an old duplicate, or a forgery: its answer tells. Until
// then it and what belongs to it is held.
type pendingSYN struct {
	isn  fsm.Seq
	from decode.Endpoint
	top  fsm.Seq         // SND.NXT of the other side when it came
	held []decode.Packet // without payload; ICMP errors about the SYN among them

	// A challenge ACK answered the SYN. If then a RST answers that, and the SYN comes again
	// or a SYN-ACK, it was an attempt from its first sending; the ACK and the RST are the
	// earlier connection's.
	challenged fsm.Stamp // the latest
	attempt    bool      // the SYN came again after it

	elsewhere bool // it was not captured where the segments of its sender were so far: perhaps of another leg
}

// maxPending bounds what is held; a SYN that is not decided by then is believed.
const maxPending = 16

// chooseIncarnation decides which connection of c's key a segment belongs to.
// It returns nil when the segment is held.
func (t *Table) chooseIncarnation(c *conn, p *decode.Packet) *conn {
	if c.pending != nil {
		return t.resolvePending(c, p)
	}
	s := &p.Segment
	if s.Flags&(fsm.SYN|fsm.ACK|fsm.RST|fsm.FIN) != fsm.SYN {
		if s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN|fsm.ACK && t.synAckOpensAnew(c, p) {
			c.NoStream = true
			return t.startNext(c, p)
		}
		if s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN {
			t.noteStream(p, false, true)
		}
		return c
	}
	x, y := c.ends(p)
	elsewhere := c.elsewhere(p) && !c.Over()
	switch {
	case x.SentSYN && s.Seq == x.ISS && !(elsewhere && y.SentSYN):
		c.noteSYNAgain(t, p)
		return c // the same SYN again, or captured behind its SYN-ACK
	case !x.SentSYN && x.State == fsm.Closed && y.State == fsm.SynSent:
		if c.Dir[c.SideOf(p)].Packets > 0 { // to Wireshark the stream began with what it sent before
			c.NoStream = true
			t.noteStream(p, false, true)
		}
		return c // a SYN crossing a SYN
	case p.Copy != decode.NoCopy && (p.Copy != decode.PerhapsDelivered || s.Opts.Has(fsm.OptTimestamps)):
		return c // of a SYN that came to nothing: it opens nothing by itself
	case x.State == fsm.Closed && y.State == fsm.Closed:
		return t.startNext(c, p)
	}
	c.pending = &pendingSYN{isn: s.Seq, from: p.Src, top: y.Out.Top, elsewhere: elsewhere}
	c.pending.hold(p)
	t.noteStream(p, true, !x.SentSYN || s.Seq == x.ISS)
	return nil
}

// synAckOpensAnew reports whether a SYN-ACK with a new number comes from an
// endpoint whose connection is over: the SYN before it was not captured.
func (t *Table) synAckOpensAnew(c *conn, p *decode.Packet) bool {
	x, _ := c.ends(p)
	return c.Over() && x.SentSYN && p.Segment.Seq != x.ISS && x.State != fsm.Listen && p.Time-c.Last.Time > fsm.Second
}

func (c *conn) ends(p *decode.Packet) (x, y *fsm.Endpoint) {
	side := c.SideOf(p)
	return &c.Conn.End[side], &c.Conn.End[side.Peer()]
}

func (n *pendingSYN) hold(p *decode.Packet) {
	q := *p
	q.Payload = nil
	n.held = append(n.held, q)
}

// latest returns the latest segment held.
func (n *pendingSYN) latest() *decode.Packet {
	i := len(n.held) - 1
	for n.held[i].ICMP != nil {
		i--
	}
	return &n.held[i] // the SYN, at least
}

// resolvePending looks at the next segment of a key that has a pending SYN, and returns
// the connection that it belongs to, or nil if it waits.
func (t *Table) resolvePending(c *conn, p *decode.Packet) *conn {
	if c.pending.elsewhere {
		return t.resolveElsewhere(c, p)
	}
	if p.Src == c.pending.from {
		return t.resolveBySender(c, p)
	}
	return t.resolveByPeer(c, p)
}

// resolveByPeer looks at a segment of the side that the pending SYN was sent to.
func (t *Table) resolveByPeer(c *conn, p *decode.Packet) *conn {
	y, s := c.pending, &p.Segment
	x, peer := c.ends(p)
	accepts := s.Flags&fsm.ACK != 0 && s.Ack == y.isn+1 // it acknowledges the pending SYN
	switch {
	case accepts && s.Flags&fsm.SYN != 0:
		if peer.State == fsm.SynSent || peer.State == fsm.SynReceived {
			// Two SYNs are under way; the client's next segment tells which
			// of them it stands by (RFC 9293 Figure 9).
			y.hold(p)
			return nil
		}
		return t.acceptPending(c)
	case accepts && s.Flags&fsm.RST == 0 && s.Seq == x.Out.Top && x.HasAck && s.Ack == x.Acked:
		t.rejectPending(c) // a challenge ACK: its numbers are the connection's own
		return c
	case accepts && continues(s, x, peer):
		return c // its numbers are the connection's own, and the SYN's happens to be among them
	case accepts:
		return t.acceptPending(c) // refused, or taken up without the SYN-ACK captured
	case s.Flags&fsm.SYN != 0:
		return c // answers the connection's own SYN
	case s.Flags&(fsm.RST|fsm.FIN) == 0 && s.Len == 0 && x.State.Synchronized():
		return t.challengePending(c, p) // an ACK of the old numbers
	}
	if y.challenged.Frame != 0 && !y.attempt {
		t.rejectPending(c) // in the order of the capture
	}
	return c
}

// resolveBySender looks at a segment of the side that sent the pending SYN.
func (t *Table) resolveBySender(c *conn, p *decode.Packet) *conn {
	y, s := c.pending, &p.Segment
	x, peer := c.ends(p)
	bareSYN := s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) == fsm.SYN
	switch {
	case bareSYN && s.Seq == y.isn:
		if len(y.held) >= maxPending {
			return t.acceptPending(c)
		}
		if y.challenged.Frame != 0 {
			t.confirmAttempt(c)
		}
		y.hold(p)
		return nil
	case bareSYN:
		if x.SentSYN && s.Seq == x.ISS {
			t.noteStream(p, false, true)
			return c // the connection's own SYN again
		}
		n := t.acceptPending(c)
		return t.chooseIncarnation(n, p)
	case s.Flags&fsm.RST != 0 && y.attempt:
		return c
	case s.Flags&fsm.RST != 0 && y.challenged.Frame != 0 && s.Flags&fsm.ACK == 0 && s.Seq == x.Out.Top && len(y.held) < maxPending:
		y.hold(p) // it answers the challenge ACK: its sender has no such connection
		return nil
	case s.Flags&fsm.RST != 0:
		t.rejectPending(c) // the client disowns it
		return c
	case s.Seq == y.isn+1 && !continues(s, x, peer):
		return t.acceptPending(c)
	case y.challenged.Frame != 0 && !y.attempt, !y.attempt && continues(s, x, peer) && (s.Space() > 0 || s.Ack.After(y.top)):
		t.rejectPending(c) // the connection lives on: this was sent behind the SYN
	}
	return c
}

// continues reports whether a segment of x has the numbers of the connection itself: it
// goes on from what x sent, and acknowledges what the peer sent and x had not
// acknowledged before.
func continues(s *fsm.Segment, x, peer *fsm.Endpoint) bool {
	return s.Flags&(fsm.ACK|fsm.RST|fsm.SYN) == fsm.ACK && x.HasAck && s.Seq.AtOrAfter(x.Out.Edge) && s.Seq.AtOrBefore(x.Out.Top) &&
		s.Ack.AtOrAfter(x.Acked) && s.Ack.AtOrBefore(peer.Out.Top)
}

// challengePending takes an ACK of the connection's own numbers that the other side sent
// while a SYN is pending. It shows that the other side still has the connection; whether
// the SYN's sender has, its next segment tells.
func (t *Table) challengePending(c *conn, p *decode.Packet) *conn {
	y := c.pending
	answered := y.challenged.Frame != 0 && y.latest().Src == y.from
	y.challenged = fsm.Stamp{Time: p.Time, Frame: p.Frame}
	switch {
	case y.attempt:
		c.NoteAttempt(y.latest())
		return c
	case answered || len(y.held) >= maxPending:
		t.rejectPending(c) // more than a challenge and the RST that it draws
		return c
	}
	y.hold(p)
	return nil
}

// confirmAttempt is for a pending SYN that turns out to have been an attempt of its own
// although a challenge ACK answered it: what else was held belongs to the connection.
func (t *Table) confirmAttempt(c *conn) {
	y := c.pending
	y.attempt = true
	c.NoteAttempt(&y.held[0])
	its := y.held[:0:0]
	for i := range y.held {
		if p := &y.held[i]; p.ICMP != nil || opensAnew(&p.Segment) {
			its = append(its, *p)
		} else {
			t.step(c, p)
		}
	}
	y.held = its
}

// acceptPending makes the pending SYN begin the key's next connection, which it
// returns.
func (t *Table) acceptPending(c *conn) *conn {
	challenged := c.pending.challenged
	if challenged.Frame != 0 && !c.pending.attempt {
		t.confirmAttempt(c)
	}
	held, elsewhere := c.pending.held, c.pending.elsewhere
	c.pending = nil
	var n *conn
	t.streams.held = held[0].Frame
	if elsewhere {
		n = t.startBeside(c, &held[0])
	} else {
		n = t.startNext(c, &held[0])
	}
	n.Challenged = challenged
	for i := range held {
		if p := &held[i]; p.ICMP != nil {
			n.AddICMP(p)
		} else {
			t.step(n, p)
		}
	}
	t.keepTurn(n)
	return n
}

// startNext ends the connection and begins the next one of its key with p, which
// is not yet given to it.
func (t *Table) startNext(c *conn, p *decode.Packet) *conn {
	earlier := previous{incarnation: c.Incarnation, of: c.AsPrevious()}
	others := c.legs
	t.endReused(c, p)
	if others != nil && len(others.conns) == 0 {
		others = nil
	}
	t.streams.next = true
	n := t.begin(c.key, c.hash, p, &earlier, others)
	t.forget(c)
	return n
}

// endReused reports a connection that p, a SYN, ended by opening the next one of its
// key.
func (t *Table) endReused(c *conn, p *decode.Packet) {
	c.ReusedAt = fsm.Stamp{Time: p.Time, Frame: p.Frame}
	now := t.now
	t.now = max(c.Last.Time, p.Time)
	t.report(c)
	t.now = now
	t.unindex(c)
}

// rejectPending gives what was held to the connection itself: the SYN came to
// nothing.
func (t *Table) rejectPending(c *conn) {
	if c.pending == nil {
		return
	}
	held := c.pending.held
	c.pending, c.NoStream = nil, true
	t.dropStream(held[0].Frame)
	for i := range held {
		if p := &held[i]; p.ICMP != nil {
			c.AddICMP(p)
		} else {
			c.Add(p)
		}
	}
}

// settleWaited decides about the SYNs whose connections are to be reported, in the order in
// which these began, and reports these.
func (t *Table) settleWaited() {
	slices.SortFunc(t.waited, func(a, b remaining) int { return cmp.Compare(a.id, b.id) })
	t.ordinal = settled
	for _, w := range t.waited {
		if w.conn != nil && (w.conn.ID != w.id || w.conn.pending == nil) {
			continue // it went to make room for another
		}
		if rejected, _, _ := t.settle(w); rejected != nil {
			t.end(rejected)
		}
	}
	t.waited, t.parent = t.waited[:0], 0
}

// settle decides about the SYN that waits beside a connection. It returns the connection if
// the SYN came to nothing; else the connection is reported, and the next one returned, which
// may be compact. If the SYN was captured elsewhere, both are returned.
func (t *Table) settle(w remaining) (rejected, next *conn, compact uint32) {
	c := w.conn
	if c == nil {
		if c, compact = t.openParked(w.compact); c == nil {
			return nil, nil, compact
		}
	}
	t.parent = c.birth.Ordinal
	elsewhere := c.pending.elsewhere
	if next = t.settlePending(c); next == nil || elsewhere {
		return c, next, 0
	}
	return nil, next, 0
}

// settlePending decides about a pending SYN when its connection is reported: a SYN that
// nothing contradicts was an attempt of its own. It returns the connection that the SYN
// begins, or nil.
func (t *Table) settlePending(c *conn) *conn {
	y := c.pending
	side := c.SideOf(&y.held[0])
	switch {
	case y.challenged.Frame != 0 && !y.attempt: // one that draws an ACK opens nothing by itself
	case !y.attempt && !y.elsewhere && c.Dir[side].Last.Time > y.held[0].Time: // its supposed sender went on with the connection
	default:
		return t.acceptPending(c)
	}
	t.rejectPending(c)
	return nil
}
