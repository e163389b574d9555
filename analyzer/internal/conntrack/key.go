package conntrack

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Key identifies the two endpoints of a connection independent of direction,
// within the encapsulation that they were seen in.
type Key struct {
	A, B  decode.Endpoint // A sorts before B
	Encap decode.Encap
}

// keyOf returns the packet's key.
func keyOf(p *decode.Packet) Key {
	if less(&p.Src, &p.Dst) {
		return Key{p.Src, p.Dst, p.Encap}
	}
	return Key{p.Dst, p.Src, p.Encap}
}

func less(a, b *decode.Endpoint) bool {
	for i := 0; i < len(a.IP); i += 8 {
		if x, y := binary.BigEndian.Uint64(a.IP[i:]), binary.BigEndian.Uint64(b.IP[i:]); x != y {
			return x < y
		}
	}
	return a.Port < b.Port
}

// otherWay returns the connection whose other direction the packet is, seen in
// another encapsulation: VLANs differ by direction where two networks meet. Only
// a direction of which nothing was captured yet is taken, and only if the packet
// acknowledges what the other side sent.
func (t *Table) otherWay(p *decode.Packet) *conn {
	if len(t.aliases) == 0 && t.index.tagged.n == 0 && p.Encap == 0 {
		return nil
	}
	key := keyOf(p)
	if c := t.aliases[key]; c != nil {
		return c
	}
	if p.Segment.Flags&fsm.ACK == 0 {
		return nil
	}
	c := t.betweenSame(key)
	if c == nil || c.otherEncap || c.pending != nil || !acknowledgesUnheard(c, p) {
		return nil
	}
	c.otherEncap, c.alias = true, key
	t.aliases[key] = c
	return c
}

// betweenSame returns the latest connection between the key's endpoints in any
// encapsulation, tracked whole from now on, or nil.
func (t *Table) betweenSame(key Key) *conn {
	hash := t.index.seed.hash(&key.A, &key.B, 0)
	var c *conn
	i := t.index.findTagged(hash, &key.A, &key.B)
	if i&connPlace != 0 {
		c, i = t.index.conns[i&^connPlace], 0
	} else if i == 0 && key.Encap != 0 {
		c, i = t.index.find(hash, &key.A, &key.B, 0)
	}
	if i != 0 {
		c = t.promote(i)
		t.keepTurn(c)
	}
	return c
}

// acknowledgesUnheard reports whether the packet is the first of its direction and
// acknowledges what the other side of the connection sent.
func acknowledgesUnheard(c *conn, p *decode.Packet) bool {
	const window = 1 << 20
	from := c.SideOf(p)
	peer := &c.Conn.End[from.Peer()]
	if c.Dir[from].Packets > 0 || !peer.Out.Started() {
		return false
	}
	behind := peer.Out.Top.Minus(p.Segment.Ack)
	return behind >= 0 && behind <= window
}
