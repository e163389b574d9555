package dedup

import "github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"

// hosts tells the senders whose IPv4 identification never changes: it then proves no
// copy (RFC 6864 §4 lets a sender of atomic datagrams set it to anything). It is a
// table of fixed size; a host takes another's place.
type hosts [1 << hostTableBits]host

const hostTableBits = 9

type host struct {
	key     uint32
	packet  uint32 // the latest packet's hash
	id      uint16 // its identification
	same    uint8  // packets with the identification of another before them
	changed uint8  // packets with a new one
}

const leastSame = 2

// counts notes the packet's identification, and reports whether its sender's tell
// packets apart. whole is the packet's hash.
func (t *hosts) counts(p *decode.Packet, whole uint32) bool {
	h := mix(address(&p.Src.IP))
	o := &t[h>>(64-hostTableBits)]
	if key := uint32(h); o.key != key || o.same|o.changed == 0 && o.packet == 0 {
		*o = host{key: key, packet: whole, id: p.IPID}
		return true
	}
	switch {
	case o.packet == whole: // perhaps a copy
	case o.id == p.IPID:
		o.same++
	default:
		o.changed++
	}
	if max(o.same, o.changed) == 1<<8-1 {
		o.same, o.changed = o.same/2, o.changed/2
	}
	o.packet, o.id = whole, p.IPID
	return o.same < leastSame || o.same < o.changed
}
