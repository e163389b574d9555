package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// maxBeside is how many ICMP errors a compact connection keeps beside its segments; one
// more, and it is tracked whole.
const maxBeside = 2

// AddICMP gives an ICMP error to the connection of the segment that it quotes, if there
// is one. A compact connection stays so: a scan of which a router rejects every SYN must
// not cost more than one that nobody answers.
func (t *Table) AddICMP(p *decode.Packet) {
	c, i := t.index.find(t.index.seed.hash(&p.Src, &p.Dst, p.Encap), &p.Src, &p.Dst, p.Encap)
	switch {
	case i != 0:
		if t.keepBeside(i, p) {
			return
		}
		c = t.promote(i)
		t.keepTurn(c)
	case c == nil && (len(t.aliases) > 0 || t.index.tagged.n > 0 || p.Encap != 0):
		// A router may send it another way than the segments go.
		key := keyOf(p)
		if c = t.aliases[key]; c == nil {
			c = t.betweenSame(key)
		}
	}
	if c == nil {
		t.noteStream(p, false, true) // Wireshark begins a stream with what an error quotes
		return
	}
	if c.legs != nil {
		c = c.quotedLeg(p)
	}
	if y := c.pending; y != nil && p.Src == y.from && p.Segment.Seq == y.isn {
		if len(y.held) < maxPending {
			y.hold(p)
		}
		return
	}
	c.AddICMP(p)
}

// keepBeside keeps an ICMP error beside the segments of a compact connection that has
// just begun. No segment may come behind it while it is so: they would lose their order.
func (t *Table) keepBeside(i uint32, p *decode.Packet) bool {
	y := &t.compact
	n := y.conns.at(i)
	if n.clean != 0 || len(y.beside[i]) == maxBeside {
		return false
	}
	if y.beside == nil {
		y.beside = make(map[uint32][]besideICMP)
	}
	n.set(hasRejects, true)
	y.beside[i] = append(y.beside[i], besideICMP{*p.ICMP, p.Time, p.Frame, p.Segment.Seq, p.IPID, p.IPLen, p.Src == n.server})
	return true
}

// besideICMP is what is kept of such an error.
type besideICMP struct {
	icmp       decode.ICMPError
	time       fsm.Time
	frame      fsm.Frame
	seq        fsm.Seq // of the segment that it quotes
	ipID       uint16
	length     uint32
	fromServer bool // it quotes a segment of the server's
}

// eachBeside calls do for the ICMP errors kept beside a compact connection.
func (t *Table) eachBeside(i uint32, n *compactConn, do func(*decode.Packet)) {
	for k := range t.compact.beside[i] {
		b := &t.compact.beside[i][k]
		p := decode.Packet{
			Time: b.time, Frame: b.frame, Src: n.client, Dst: n.server, Encap: n.encap,
			IPID: b.ipID, IPLen: b.length, ICMP: &b.icmp, Segment: fsm.Segment{Seq: b.seq},
		}
		if b.fromServer {
			p.Src, p.Dst = p.Dst, p.Src
		}
		do(&p)
	}
}
