package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Many clients use a port again before its last connection is forgotten. Such a
// connection is as likely to be clean as any, and stays compact as they do: what it is
// judged by of the one before goes with it.

// again is what a compact connection knows of others of its key.
type again struct {
	incarnation uint32 // of the key, from 1
	previous    uint32 // place of what it is to know of the one before; 0 for nothing
	parked      bool   // a SYN may open the next one:
	syn         packedSegment
}

// incarnation returns the how many-th of its key a connection is, from 1.
func (y *compactStore) incarnation(n *compactConn) int {
	if n.again == 0 {
		return 1
	}
	return int(y.again.at(n.again).incarnation)
}

// hasParked reports whether a SYN is parked beside the connection.
func (y *compactStore) hasParked(n *compactConn) bool {
	return n.again != 0 && y.again.at(n.again).parked
}

// needAgain returns what the connection knows of others, which may be nothing yet.
func (y *compactStore) needAgain(n *compactConn) *again {
	if n.again == 0 {
		n.again = y.again.take()
		y.again.at(n.again).incarnation = 1
	}
	return y.again.at(n.again)
}

// dropAgain forgets it.
func (y *compactStore) dropAgain(n *compactConn) {
	if n.again == 0 {
		return
	}
	if pre := y.again.at(n.again).previous; pre != 0 {
		y.previous.release(pre)
	}
	y.again.release(n.again)
	n.again = 0
}

// isBareSYN reports whether the packet is nothing but a SYN that may open the next
// connection of a key that is in use.
func isBareSYN(p *decode.Packet) bool {
	return p.Segment.Flags&(fsm.SYN|fsm.ACK|fsm.RST|fsm.FIN) == fsm.SYN && p.Segment.Len == 0 && plain(p)
}

// isBareSYNACK does so for the SYN-ACK that answers a SYN with this number.
func isBareSYNACK(p *decode.Packet, isn fsm.Seq) bool {
	s := &p.Segment
	return s.Flags&(fsm.SYN|fsm.ACK|fsm.RST|fsm.FIN) == fsm.SYN|fsm.ACK && s.Ack == isn+1 && s.Len == 0 && plain(p)
}

// park keeps a SYN beside a connection until it is clear whether it opens the next one, as
// a pendingSYN does: beside a clean one that has ended or one that its client gave up, and
// beside a SYN of another number.
func (y *compactStore) park(n *compactConn, p *decode.Packet, from fsm.Side) bool {
	switch {
	case y.hasParked(n) || from != fsm.Client || n.path[from] != p.Path: // that is not packed
		return false
	case n.clean != 0:
		if c := y.clean.at(n.clean); c.stage != ended || p.Segment.Seq == c.halves[from].isn {
			return false
		}
	case p.Segment.Seq+1 == n.expected[from]:
		return false
	case n.held == 1:
		if !y.firstSegment(n).isLoneSYN() {
			return false
		}
	case y.endOfAttempt(n, nil) != givenUp:
		return false
	}
	a := y.needAgain(n)
	a.parked, a.syn = true, *y.pack(n, p, from)
	y.justParked = true
	return true
}

// isLoneSYN reports whether the first segment of an embryonic connection is nothing but a
// SYN.
func (b *packedSegment) isLoneSYN() bool {
	return b.flags()&^(fsm.PSH|fsm.ECE|fsm.CWR) == fsm.SYN && b.length == 0 && b.rare == 0 && b.from() == fsm.Client
}

// unparked returns the SYN that is parked beside a connection.
func (y *compactStore) unparked(n *compactConn) (p decode.Packet) {
	y.again.at(n.again).syn.unpack(&p, n, nil)
	p.Path = n.path[fsm.Client]
	return p
}

// answerParked takes the segment that shows that a parked SYN begins the next connection,
// and reports the one before: a SYN-ACK, or another SYN of another number.
func (t *Table) answerParked(i uint32, p *decode.Packet) bool {
	y := &t.compact
	n := y.conns.at(i)
	if !y.hasParked(n) {
		return false
	}
	switch isn := y.again.at(n.again).syn.seq; {
	case p.Src == n.server:
		if !isBareSYNACK(p, isn) || n.clean == 0 && n.held == 1 { // beside a SYN it may answer either
			return false
		}
	case !isBareSYN(p) || p.Segment.Seq == isn || p.Segment.Seq == y.firstSYN(n):
		return false
	}
	hash := t.index.hashOf(n)
	c, _ := t.openParked(i)
	switch {
	case c == nil:
		t.addNext(hash, p)
	default:
		t.stepOrHold(c, p)
	}
	return true
}

// openParked begins the next connection of a key with the SYN that is parked beside this
// one, which is reported, and returns its place. Where there is no room for that it returns
// this one, promoted and with the SYN pending.
func (t *Table) openParked(i uint32) (c *conn, next uint32) {
	y := &t.compact
	n := y.conns.at(i)
	syn := y.unparked(n)
	if !t.nextFits() || t.keeps(t.ids+1, &syn) {
		return t.promote(i), 0
	}
	y.again.at(n.again).parked = false
	if t.ordinal == settled {
		t.parent = n.ordinal
	}
	t.streams.held = syn.Frame
	return nil, t.openNext(i, &syn)
}

// openNext begins the next connection of a key with a SYN, reports the one before, and returns
// the place of the next.
func (t *Table) openNext(i uint32, syn *decode.Packet) uint32 {
	y := &t.compact
	n := y.conns.at(i)
	earlier := previous{incarnation: y.incarnation(n), of: &flow.PreviousIncarnation{}}
	switch {
	case n.clean != 0:
		c := y.clean.at(n.clean)
		c.asPrevious(n, c.timeWaitEnd(t.twoMSL), earlier.of)
	case n.held == 1:
		y.firstSegment(n).asPrevious(n, earlier.of)
	default:
		y.endOfAttempt(n, earlier.of)
	}
	hash, now := t.index.hashOf(n), t.now
	t.now = max(n.latest, syn.Time)
	t.reportCompact(i, ending{reusedAt: fsm.Stamp{Time: syn.Time, Frame: syn.Frame}})
	t.now = now
	t.streams.next = true
	return t.beginCompact(hash, syn, &earlier)
}

// followRefused begins the next connection of a key with a SYN that comes when the one before
// was refused: then both sides are closed, and no answer need be waited for.
func (t *Table) followRefused(i uint32, p *decode.Packet) bool {
	y := &t.compact
	n := y.conns.at(i)
	if !isBareSYN(p) || p.Src != n.client || p.Path != n.path[fsm.Client] || p.Segment.Seq+1 == n.expected[fsm.Client] ||
		y.endOfAttempt(n, nil) != refused || !t.nextFits() || t.keeps(t.ids+1, p) {
		return false
	}
	t.openNext(i, p)
	return true
}

// attemptEnd is how a connection ended that is nothing but an attempt.
type attemptEnd uint8

const (
	otherEnd attemptEnd = iota
	refused             // a SYN and a RST that acknowledges it
	givenUp             // a SYN, a SYN-ACK and the client's RST
)

// endOfAttempt returns how an embryonic connection ended, and fills in what the next connection of
// the key is to know of it, unless pre is nil.
func (y *compactStore) endOfAttempt(n *compactConn, pre *flow.PreviousIncarnation) attemptEnd {
	if n.clean != 0 || !n.is(isOver) || n.is(hasRejects) || n.held < 2 || n.held > 3 {
		return otherEnd
	}
	if pre == nil {
		pre = &y.attempt
	}
	*pre = flow.PreviousIncarnation{First: n.firstFrame, Last: n.latest, Ends: [2]decode.Endpoint{n.client, n.server}, Over: true}
	const opens = fsm.SYN | fsm.ACK | fsm.RST | fsm.FIN
	r := y.read(n)
	for nth := 0; r.read(); nth++ {
		b := &r.packedSegment
		from, flags := b.from(), b.flags()&opens
		switch {
		case b.rare != 0 || b.length != 0 || b.checksum() == decode.ChecksumBad:
			return otherEnd
		case nth == 0 && b.isLoneSYN(), nth == 1 && from == fsm.Server && flags == fsm.SYN|fsm.ACK && b.ack == pre.SndNxt[fsm.Client]:
			pre.SndNxt[from], pre.ISN[from], pre.HasISN[from] = b.seq+1, b.seq, true
			pre.TSVal[from], pre.HasTS[from] = b.tsVal, b.opts.Has(fsm.OptTimestamps)
		case nth == 1 && from == fsm.Server && flags == fsm.RST|fsm.ACK:
			if n.held == 2 {
				return refused
			}
			return otherEnd
		case nth == 2 && from == fsm.Client && flags&^fsm.ACK == fsm.RST:
			return givenUp
		default:
			return otherEnd
		}
	}
	return otherEnd
}

// asPrevious fills in what the next connection of the key is to know of one that is
// nothing but this SYN.
func (b *packedSegment) asPrevious(n *compactConn, pre *flow.PreviousIncarnation) {
	pre.First, pre.Last, pre.Ends, pre.Unanswered = b.frame, b.time, [2]decode.Endpoint{n.client, n.server}, true
	pre.SndNxt[fsm.Client], pre.ISN[fsm.Client], pre.HasISN[fsm.Client] = b.seq+1, b.seq, true
	pre.TSVal[fsm.Client], pre.HasTS[fsm.Client] = b.tsVal, b.opts.Has(fsm.OptTimestamps)
}

// answerPending does what chooseIncarnation would for a connection that is tracked
// whole, if the next one of its key can be compact: its pending SYN is answered, or a
// SYN comes when both sides have closed.
func (t *Table) answerPending(c *conn, p *decode.Packet) bool {
	x, peer := c.ends(p)
	syn := p
	switch y := c.pending; {
	case c.otherEncap || c.legs != nil || y != nil && y.elsewhere || keyOf(p) != c.key || !t.nextFits():
		return false
	case y == nil:
		if !isBareSYN(p) || x.SentSYN && p.Segment.Seq == x.ISS || x.State != fsm.Closed || peer.State != fsm.Closed {
			return false
		}
	case len(y.held) != 1 || y.challenged.Frame != 0 || p.Src == y.from || !isBareSYN(&y.held[0]) || !isBareSYNACK(p, y.isn) ||
		peer.State == fsm.SynSent || peer.State == fsm.SynReceived:
		return false
	default:
		syn = &y.held[0]
	}
	if t.keeps(t.ids+1, syn) {
		return false
	}
	earlier := previous{incarnation: c.Incarnation, of: c.AsPrevious()}
	if c.pending != nil {
		t.streams.held = syn.Frame
	}
	t.streams.next = true
	c.pending = nil
	hash := c.hash
	t.endReused(c, syn)
	t.forget(c)
	t.beginCompact(hash, syn, &earlier)
	if syn != p {
		t.addNext(hash, p)
	}
	return true
}

// nextFits reports whether there is room for what a compact connection is to know of
// the one before it.
func (t *Table) nextFits() bool {
	if t.memory.limit == 0 || len(t.compact.previous.free) > 0 {
		return true
	}
	t.countMemory()
	return !t.memory.compactFull()
}

// beginCompact begins a compact connection, the first of its key or not, with its first
// segment, and returns its place.
func (t *Table) beginCompact(hash uint64, p *decode.Packet, earlier *previous) uint32 {
	birth := t.born(p)
	y := &t.compact
	i := y.add(t.ids, p, t.packets)
	if earlier != nil {
		n := y.conns.at(i)
		n.ordinal = birth.Ordinal // p may be older than what showed it to begin one
		a := y.needAgain(n)
		a.incarnation = uint32(earlier.incarnation) + 1
		if earlier.of != nil {
			a.previous = y.previous.takeUsed()
			*y.previous.at(a.previous) = *earlier.of
		}
	}
	t.index.putCompact(i, hash)
	return i
}

// addNext gives the connection that just began its next segment.
func (t *Table) addNext(hash uint64, p *decode.Packet) {
	_, i := t.index.find(hash, &p.Src, &p.Dst, p.Encap)
	if t.holdCompact(i, p) {
		return
	}
	t.stepOrHold(t.promote(i), p)
}

// stepOrHold gives a segment to the connection of a key that it belongs to, whose latest is c;
// or it is held.
func (t *Table) stepOrHold(c *conn, p *decode.Packet) {
	if its := t.chooseIncarnation(c, p); its != nil {
		t.step(its, p)
	} else {
		t.keepTurn(c)
	}
}

// giveParked gives a connection that was compact the SYN parked beside it.
func (y *compactStore) giveParked(n *compactConn, c *conn) {
	syn := y.unparked(n)
	_, peer := c.ends(&syn)
	c.pending = &pendingSYN{isn: syn.Segment.Seq, from: syn.Src, top: peer.Out.Top}
	c.pending.hold(&syn)
}

// previousOf returns what a connection that is to be tracked whole is to know of the
// one before it.
func (y *compactStore) previousOf(n *compactConn) *flow.PreviousIncarnation {
	if n.again == 0 || y.again.at(n.again).previous == 0 {
		return nil
	}
	pre := *y.previous.at(y.again.at(n.again).previous)
	return &pre
}

// reuseKey is what a TemplateKey says of the connection before, of the same key.
type reuseKey struct {
	again      bool // there was one
	early      bool // its TIME-WAIT was not over, which was legal
	unanswered bool // its SYN was not answered
	attempt    bool // it was an attempt that a RST ended
	superseded bool // and the next one followed this one
}

// reuseOf fills in the key of a connection, and reports whether it has one: nothing is
// to be said of how it follows the one before but what the key tells.
func (y *compactStore) reuseOf(n *compactConn, how ending, isn [2]fsm.Seq, key *reuseKey) bool {
	key.again, key.superseded = y.incarnation(n) > 1, how.reusedAt.Frame != 0
	if n.again == 0 || y.again.at(n.again).previous == 0 {
		return true
	}
	pre := y.previous.at(y.again.at(n.again).previous)
	if n.clean == 0 {
		key.unanswered, key.attempt = pre.Unanswered, pre.Over && !pre.Closed && pre.TimeWait == [2]bool{}
		return (pre.Unanswered && n.held == 1 || key.attempt && y.firstSegment(n).isLoneSYN()) &&
			pre.Ends == [2]decode.Endpoint{n.client, n.server} && pre.ISN[fsm.Client] != isn[fsm.Client] &&
			(!pre.HasISN[fsm.Server] || pre.ISN[fsm.Server] != isn[fsm.Server])
	}
	c := y.clean.at(n.clean)
	if !pre.Over {
		return false
	}
	for side := range c.halves {
		if before := pre.SideOf(n.endOf(fsm.Side(side))); pre.HasISN[before] && pre.ISN[before] == c.halves[side].isn {
			return false
		}
	}
	d := &c.halves[fsm.Client]
	r := pre.Reuse(n.client, n.began, d.isn, d.synTS, d.offered.Has(fsm.OptTimestamps))
	key.early = r.Early
	return !r.Early || r.Legal
}

func (n *compactConn) endOf(side fsm.Side) decode.Endpoint {
	if side == fsm.Server {
		return n.server
	}
	return n.client
}
