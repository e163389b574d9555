// Package flow finds the connections in a stream of segments: it keeps one Flow
// for each open 4-tuple, decides when a 4-tuple begins anew, runs the machine of
// package fsm, and notes what the checks need to judge a connection when it has
// ended.
package flow

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

// same compares endpoints, which is done for each packet, by words.
func same(a, b *decode.Endpoint) bool {
	return a.Port == b.Port && binary.LittleEndian.Uint64(a.IP[8:]) == binary.LittleEndian.Uint64(b.IP[8:]) &&
		binary.LittleEndian.Uint64(a.IP[:]) == binary.LittleEndian.Uint64(b.IP[:])
}

// otherWay returns the connection whose other direction the packet is, seen in
// another encapsulation: VLANs differ by direction where two networks meet. Only
// a direction of which nothing was captured yet is taken, and only if the packet
// acknowledges what the other side sent.
func (t *Table) otherWay(p *decode.Packet) *Flow {
	if len(t.aliases) == 0 && t.index.tagged.n == 0 && p.Encap == 0 {
		return nil
	}
	key := keyOf(p)
	if f := t.aliases[key]; f != nil {
		return f
	}
	if p.Segment.Flags&fsm.ACK == 0 {
		return nil
	}
	var f *Flow
	hash := t.index.seed.hash(&key.A, &key.B, 0)
	i := t.index.findTagged(hash, &key.A, &key.B)
	if i&connPlace != 0 {
		f, i = t.index.flows[i&^connPlace], 0
	} else if i == 0 && key.Encap != 0 {
		f, i = t.index.find(hash, &key.A, &key.B, 0)
	}
	if i != 0 {
		f = t.promote(i)
	}
	if f == nil || f.otherEncap || f.pending != nil {
		return nil
	}
	from := f.SideOf(p)
	peer := &f.Conn.End[from.Peer()]
	if f.Dir[from].Packets > 0 || !peer.Out.Started() {
		return nil
	}
	const window = 1 << 20
	if behind := peer.Out.Top.Minus(p.Segment.Ack); behind < 0 || behind > window {
		return nil
	}
	f.otherEncap, f.alias = true, key
	t.aliases[key] = f
	return f
}
