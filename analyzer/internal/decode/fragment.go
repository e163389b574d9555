package decode

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Bounds of what is kept while datagrams are incomplete. There may be many datagrams,
// so that some thousand fragments a second that never find company do not push out
// those of others, which do within milliseconds.
const (
	fragmentTimeout  = 30 * fsm.Second // as Linux has it; RFC 8200 §4.5 allows 60 s
	maxDatagrams     = 1 << 14
	maxFragmentBytes = 16 << 20 // with what it takes to keep them
	maxPieces        = 256      // of one datagram: the smallest usual MTU makes 120 fragments of the largest
	maxDatagram      = 0xffff
)

// FragmentCounts says what became of the fragments that may carry TCP. All but
// Duplicates, Overlaps and Refused count datagrams.
type FragmentCounts struct {
	Reassembled uint64 // put together and decoded on
	Pending     uint64 // incomplete as yet
	TimedOut    uint64 // not complete within 30 s of capture time
	Evicted     uint64 // given up because too many were incomplete, or one was in too many pieces

	Duplicates uint64 // fragments that were there already, with the same octets
	Overlaps   uint64 // fragments that claim octets which others gave otherwise
	Refused    uint64 // fragments whose offset and length cannot be
}

// Fragments returns the counts so far.
func (d *Decoder) Fragments() FragmentCounts {
	counts := d.fragments.counts
	counts.Pending = uint64(len(d.fragments.byKey))
	return counts
}

// fragmentKey tells datagrams apart (RFC 791 §3.2, RFC 8200 §4.5). The protocol
// counts for IPv4 only.
type fragmentKey struct {
	src, dst [16]byte
	encap    Encap
	id       uint32
	protocol uint8
	v6       bool
}

// part is one fragment.
type part struct {
	start, end int    // its place in the datagram, as its header claims
	last       bool   // no more fragments follow
	octets     []byte // as far as captured
	head       partHead
	frame      fsm.Frame
	within     []fsm.Frame // of the fragments that it was put together from itself
}

// partHead is what a datagram takes over from the fragment at its start.
type partHead struct {
	protocol  uint8
	headerLen int // octets of IP header in front of the datagram's content
	ttl, tos  uint8
	otherEnds bool
}

// fragmentTable holds the datagrams being put together.
type fragmentTable struct {
	byKey          map[fragmentKey]*datagram
	oldest, newest *datagram // those of byKey in the order of their first fragments
	latest         *datagram // the last one completed, to know copies of its fragments
	copied         bool      // the fragment joined last was such a copy
	bytes          int       // that all of byKey take
	counts         FragmentCounts
}

// join adds a fragment. It returns the datagram when the fragment completed it.
// A datagram returned belongs to the caller; its octets are not used again.
func (t *fragmentTable) join(key *fragmentKey, p *part, now fsm.Time) *datagram {
	t.expire(now)
	if !p.trim(key.v6) {
		t.counts.Refused++
		return nil
	}
	g := t.find(key, now)
	if g == nil {
		if t.latest != nil && t.latest.key == *key && !expired(t.latest, now) && t.latest.holds(p) {
			t.counts.Duplicates++
			t.copied = true
			return nil
		}
		g = t.add(key, now)
	}
	if g.refused {
		return nil
	}
	t.note(g, p)
	if g.holds(p) {
		t.counts.Duplicates++
		return nil
	}
	misplaced := g.misplaces(p)
	if misplaced || g.overlaps(p) {
		t.counts.Overlaps++
		if key.v6 {
			t.refuse(g)
			return nil
		}
		if misplaced {
			return nil
		}
	}
	t.bytes += g.insert(p)
	if g.complete() {
		t.remove(g)
		t.latest = g
		t.counts.Reassembled++
		return g
	}
	t.bound(g)
	return nil
}

// note remembers which packets a datagram came in.
func (t *fragmentTable) note(g *datagram, p *part) {
	before := len(g.frames)
	if before < 2*maxPieces {
		g.frames = append(append(g.frames, p.within...), p.frame)
	}
	more := (len(g.frames) - before) * frameSize
	g.size += more
	t.bytes += more
}

// trim cuts a fragment as hosts do, and reports whether its offset and length
// can be.
func (p *part) trim(v6 bool) bool {
	if !p.last {
		odd := (p.end - p.start) % 8
		if v6 && odd != 0 { // RFC 8200 §4.5
			return false
		}
		p.end -= odd // where hosts cut such a fragment of IPv4
		p.octets = p.octets[:min(len(p.octets), p.end-p.start)]
	}
	return p.start < p.end && p.end <= maxDatagram
}

// find returns the datagram of the key that is being put together, or nil.
func (t *fragmentTable) find(key *fragmentKey, now fsm.Time) *datagram {
	g := t.byKey[*key]
	if g != nil && expired(g, now) { // not the first in order, with times out of order
		t.remove(g)
		t.counts.TimedOut++
		return nil
	}
	return g
}

// bound gives up the datagram that was added to if it is in too many pieces, and the
// oldest while there are too many.
func (t *fragmentTable) bound(g *datagram) {
	if len(g.pieces) > maxPieces {
		t.evict(g)
	}
	for len(t.byKey) > maxDatagrams || t.bytes > maxFragmentBytes {
		t.evict(t.oldest)
	}
}

// knows reports whether a datagram is being put together.
func (t *fragmentTable) knows(key *fragmentKey) bool { return t.byKey[*key] != nil }

func (t *fragmentTable) add(key *fragmentKey, now fsm.Time) *datagram {
	if t.byKey == nil {
		t.byKey = make(map[fragmentKey]*datagram)
	}
	g := &datagram{key: *key, since: now, cut: math.MaxInt, size: datagramSize, before: t.newest}
	if t.newest != nil {
		t.newest.after = g
	} else {
		t.oldest = g
	}
	t.byKey[*key], t.newest = g, g
	t.bytes += g.size
	return g
}

func (t *fragmentTable) remove(g *datagram) {
	delete(t.byKey, g.key)
	if g.before != nil {
		g.before.after = g.after
	} else {
		t.oldest = g.after
	}
	if g.after != nil {
		g.after.before = g.before
	} else {
		t.newest = g.before
	}
	g.before, g.after = nil, nil
	t.bytes -= g.size
}

func (t *fragmentTable) evict(g *datagram) {
	t.remove(g)
	t.counts.Evicted++
}

// refuse forgets what was collected of a datagram, but not that it was spoilt.
func (t *fragmentTable) refuse(g *datagram) {
	t.bytes -= g.size - datagramSize
	g.refused, g.pieces, g.frames, g.have, g.size = true, nil, nil, 0, datagramSize
}

// expire gives up what is too old.
func (t *fragmentTable) expire(now fsm.Time) {
	for t.oldest != nil && expired(t.oldest, now) {
		t.remove(t.oldest)
		t.counts.TimedOut++
	}
}

// expired reports whether a datagram's time is over. A capture whose time jumps
// back is another one.
func expired(g *datagram, now fsm.Time) bool {
	age := now - g.since
	return age > fragmentTimeout || age < -fragmentTimeout
}

// reassemble gives the fragment at the cursor, behind its headers, to the
// datagram that it is part of. With the fragment that completes it, the cursor
// goes on in the whole datagram, p is told of it, and head becomes that of the
// datagram's start.
func (d *Decoder) reassemble(c *cursor, p *Packet, key fragmentKey, start int, last bool, head *partHead) Reason {
	key.src, key.dst, key.encap = p.Src.IP, p.Dst.IP, p.Encap
	alone := d.noteFragment(c, p, kindOfFragment(key.v6, head.protocol), start, last, head.protocol)
	if !d.mayCarryTCP(c, &key, start, head.protocol) {
		d.lastFirst = 0
		_, r := d.afterProtocol(head.protocol, p, key.v6)
		if r == OK { // UDP
			r = NotTCP
		}
		return r
	}
	if alone {
		d.lastFirst = 0
		return OK
	}
	head.ttl, head.tos, head.otherEnds = p.TTL, p.TOS, c.otherEnds
	one := part{start: start, end: start + c.wire, last: last, octets: c.data, head: *head, frame: p.Frame, within: d.together}
	g := d.fragments.join(&key, &one, p.Time)
	if g == nil {
		return Fragment
	}
	d.together = g.frames
	*head = g.head
	c.wire = g.total
	c.data = g.whole()
	c.otherEnds = head.otherEnds
	p.TTL, p.TOS = head.ttl, head.tos
	p.IPLen = uint32(head.headerLen + g.total)
	p.Truncated = len(c.data) < c.wire
	return OK
}

// mayCarryTCP reports whether a fragment is worth keeping. UDP is when it goes to
// a tunnel's port, which is known from the datagram's start on.
func (d *Decoder) mayCarryTCP(c *cursor, key *fragmentKey, start int, protocol uint8) bool {
	switch protocol {
	case protoTCP, protoAH, protoIPv4, protoIPv6, protoGRE, protoEtherIP, protoMPLS:
		return true
	case protoUDP:
		return start == 0 && udpPayload(c) != noHeader || start > 0 && d.fragments.knows(key)
	}
	return key.v6 && isExtension(protocol)
}
