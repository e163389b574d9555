package conntrack

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// legs are connections of one key that the capture holds at the same time: both sides
// of a box that chooses numbers of its own (a SYN proxy, a firewall), captured on several
// interfaces at once; or two that have nothing in common but their addresses and
// ports, of two networks. Where a segment was captured and its numbers tell them apart.
// The index finds the first of them.
//
// Where alone proves nothing: the directions of one connection may be captured on
// different interfaces, and it may change its way. So a connection has others beside it
// only after numbers of its own were seen elsewhere.
type legs struct {
	conns []*conn
}

// maxLegs bounds how many connections of one key are told apart.
const maxLegs = 4

// foreign is how far apart numbers are, at least, that do not belong to one connection.
// Two that were chosen at random are nearer in one of 64 cases.
const foreign = 1 << 25

// elsewhere reports whether the packet was not captured where its sender's were so far.
func (c *conn) elsewhere(p *decode.Packet) bool {
	return c.placeOf(p) == decode.PlaceOther && p.Copy == decode.NoCopy
}

// placeOf says whether the packet was captured where its sender's were so far.
func (c *conn) placeOf(p *decode.Packet) decode.Place {
	switch at := c.path[c.SideOf(p)]; at {
	case 0:
		return decode.PlaceUnknown
	case p.Path:
		return decode.PlaceSame
	}
	return decode.PlaceOther
}

// chooseLeg returns the connection that a segment belongs to of those that c is one of,
// or a new one beside it.
func (t *Table) chooseLeg(c *conn, p *decode.Packet) *conn {
	if c.legs == nil {
		return t.leaveLeg(c, p)
	}
	side := c.SideOf(p)
	best, rank, least := c, -1, uint32(0)
	for _, k := range c.legs.conns {
		here, apart := k.path[side] == p.Path, k.apart(p)
		r := 0
		if here {
			r = 1
		}
		if apart < foreign {
			r += 2
		}
		if r > rank || r == rank && apart < least {
			best, rank, least = k, r, apart
		}
	}
	if best.path[side] == 0 && best.apart(p) < foreign {
		best.path[side] = p.Path
	}
	if p.Copy == decode.CapturedTwice && p.CopyPath != p.Path && best.path[side] == p.Path {
		p.Copy = decode.NoCopy // what it is a copy of is the other leg's
	}
	return best
}

// quotedLeg returns the one of the connections that c is one of whose segment an ICMP error
// quotes, as its number tells.
func (c *conn) quotedLeg(p *decode.Packet) *conn {
	best, least := c, uint32(foreign)
	for _, k := range c.legs.conns {
		if x, _ := k.ends(p); x.Out.Started() {
			if d := p.Segment.Seq.Apart(x.Out.Top); d < least {
				best, least = k, d
			}
		}
	}
	return best
}

// leaveLeg takes a segment that was not captured where its sender's were so far, of a
// connection that has no other beside it.
func (t *Table) leaveLeg(c *conn, p *decode.Packet) *conn {
	side, s := c.SideOf(p), &p.Segment
	switch {
	case p.Checksum == decode.ChecksumBad:
		return c // its numbers may be wrong too
	case p.Copy == decode.CapturedTwice || p.Copy == decode.PerhapsTwice:
		if opensAnew(s) && c.synTwice == nil {
			c.synTwice = withoutPayload(p)
		}
		return c
	case c.apart(p) < foreign && !(c.synTwice != nil && c.answersAnew(p)):
		if c.path[side] == 0 && c.pending == nil { // else it may be another leg's
			c.path[side] = p.Path
		}
		return c
	case s.Flags&fsm.ACK == 0 || c.path[side] == 0:
		return c // a SYN is judged by what answers it
	case s.Flags&fsm.SYN != 0 || s.Flags&fsm.RST != 0 && s.Seq == 0:
		return t.answeredTwice(c, p)
	case s.Flags&fsm.RST != 0:
		return c
	case c.Conn.End[0].SentSYN || c.Conn.End[1].SentSYN:
		return c // begun here, so whatever else comes of it is strange
	}
	return t.startBeside(c, p)
}

// answersAnew reports whether the packet answers a SYN otherwise than the connection's was
// answered so far.
func (c *conn) answersAnew(p *decode.Packet) bool {
	x, _ := c.ends(p)
	switch s := &p.Segment; s.Flags & (fsm.SYN | fsm.RST | fsm.ACK) {
	case fsm.SYN | fsm.ACK:
		return x.SentSYN && s.Seq != x.ISS
	case fsm.RST | fsm.ACK:
		return s.Seq == 0
	}
	return false
}

// answeredTwice takes an answer to the SYN with a number of its own, captured elsewhere
// than the one before it. If the SYN too was captured twice, a box between gave one of
// the answers; else somebody else did.
func (t *Table) answeredTwice(c *conn, p *decode.Packet) *conn {
	x, y := c.ends(p)
	if c.synTwice == nil || c.Dir[c.SideOf(p).Peer()].Doubled == 0 || !x.SentSYN || !y.SentSYN || p.Segment.Ack != y.ISS+1 {
		return c
	}
	syn, client := *c.synTwice, c.SideOf(p).Peer()
	syn.Copy = decode.NoCopy
	if syn.Time <= c.SYNACK.Time {
		// It was passed on at once, and the answer that came first is to the second.
		c.path[client], syn.Path = syn.Path, c.path[client]
		syn.Frame, syn.Time = c.SYN.Frame, c.SYN.Time
	}
	n := t.startBeside(c, &syn)
	if n != c {
		c.Dir[client].Doubled-- // it was no copy
		t.step(n, &syn)
		n.path[client.Peer()] = p.Path
	}
	return n
}

// began is what a connection's first segment keeps on its way through a box that
// chooses numbers of its own.
type began struct {
	seq   fsm.Seq
	tsVal uint32
	id    uint16
	syn   bool
}

func beganWith(p *decode.Packet) began {
	s := &p.Segment
	b := began{seq: s.Seq, syn: opensAnew(s)}
	if s.Opts&fsm.OptTimestamps != 0 {
		b.tsVal = s.TSVal
	}
	if p.HasIPID {
		b.id = p.IPID
	}
	return b
}

// same reports whether two SYNs are one on both sides of a box.
func (b began) same(o began) bool {
	return b.syn && o.syn && (b.seq == o.seq || b.tsVal != 0 && b.tsVal == o.tsVal || b.id != 0 && b.id == o.id)
}

func withoutPayload(p *decode.Packet) *decode.Packet {
	q := *p
	q.Payload = nil
	return &q
}

// apart returns how far the segment's numbers are from those of the connection, as far
// as both are known.
func (c *conn) apart(p *decode.Packet) uint32 {
	x, y := c.ends(p)
	s := &p.Segment
	far := uint32(0)
	if x.Out.Started() && s.Flags&fsm.RST == 0 {
		far = s.Seq.Apart(x.Out.Top)
	}
	if s.Flags&fsm.ACK == 0 {
		return far
	}
	switch {
	case y.Out.Started():
		far = max(far, s.Ack.Apart(y.Out.Top))
	case x.HasAck:
		far = max(far, s.Ack.Apart(x.Acked))
	}
	return far
}

// startBeside begins a connection beside c with p, which is not yet given to it.
func (t *Table) startBeside(c *conn, p *decode.Packet) *conn {
	if c.legs == nil {
		c.legs = &legs{conns: []*conn{c}}
	}
	if len(c.legs.conns) >= maxLegs {
		t.streams.held = 0
		return c
	}
	t.streams.beside = true
	q := c.queue
	c.unlink() // what makes room for the new one must leave this one
	n := t.begin(c.key, c.hash, p, nil, c.legs)
	q.push(c)
	c.NoStream, n.NoStream = true, true
	const soon = 10 * fsm.Second // a box waits for the other side no longer
	if n.began.same(c.began) && p.Time-c.First.Time < soon {
		if c.LegOf == 0 {
			c.LegOf = c.First.Frame
		}
		n.LegOf = c.LegOf
	}
	return n
}

// leave takes a connection out of those that it is one of. If it was the one that the
// index finds, that finds another.
func (t *Table) leave(c *conn) {
	g := c.legs
	c.legs = nil
	g.conns = slices.DeleteFunc(g.conns, func(k *conn) bool { return k == c })
	if c.place == 0 || len(g.conns) == 0 {
		return
	}
	t.index.remove(c)
	t.index.put(g.conns[0], c.hash)
}

// resolveElsewhere looks at the next segment of a key that has a pending SYN which was
// captured elsewhere.
func (t *Table) resolveElsewhere(c *conn, p *decode.Packet) *conn {
	y, s := c.pending, &p.Segment
	syn := &y.held[0]
	if p.Src == y.from {
		switch {
		case p.Path != syn.Path:
			return c
		case opensAnew(s) && s.Seq == y.isn && len(y.held) < maxPending:
			y.hold(p)
			return nil
		}
		t.acceptPending(c) // its sender goes on there
		return t.chooseLeg(c, p)
	}
	x, _ := c.ends(p)
	acks := s.Flags&fsm.ACK != 0 && s.Ack == y.isn+1
	switch {
	case !acks:
		return c
	case s.Flags&(fsm.SYN|fsm.RST) == fsm.SYN && x.SentSYN && s.Seq == x.ISS:
		if p.Path != c.path[c.SideOf(p)] {
			t.rejectPending(c) // it was the connection's own, sent again another way
		}
		return c
	case s.Flags&(fsm.SYN|fsm.RST) == 0 && x.Out.Started() && s.Seq.Apart(x.Out.Top) < foreign:
		return c
	case s.Flags&fsm.RST != 0 && p.Path == c.path[c.SideOf(p)]:
		return c
	}
	t.acceptPending(c)
	return t.chooseLeg(c, p)
}
