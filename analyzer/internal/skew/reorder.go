package skew

import (
	"bytes"
	"container/heap"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Reorder puts packets into the order of their corrected times. It holds each for as
// long as one stamped later may belong before it.
type Reorder struct {
	skew  Skew
	held  heldPackets
	taken uint64
	moved map[[2]decode.Endpoint]struct{} // connections with corrected times
	now   fsm.Time                        // the latest time as stamped
}

// NewReorder returns a Reorder that undoes the skew.
func NewReorder(s Skew) *Reorder { return &Reorder{skew: s, moved: map[[2]decode.Endpoint]struct{}{}} }

// mostHeld bounds the packets that wait. Beyond it they go on in their order.
const mostHeld = 1 << 16

// payloadKept is how much of a packet's payload is kept with it.
const payloadKept = 128

type held struct {
	packet  decode.Packet
	nth     uint64
	payload [payloadKept]byte
}

// Add takes a packet with the time at which it was stamped, corrects that, and calls
// next for those that nothing can come before any more. The packet that next gets is
// valid during the call.
func (r *Reorder) Add(p *decode.Packet, next func(*decode.Packet)) {
	r.now = max(r.now, p.Time)
	h := &held{packet: *p, nth: r.taken}
	r.taken++
	if late := r.skew.late[classOf(p)]; late > 0 && p.ICMP == nil {
		// An ICMP error has the addresses of the segment that it quotes, not its own.
		h.packet.Time -= late
		r.note(p)
	}
	n := copy(h.payload[:], p.Payload)
	h.packet.Payload = h.payload[:n:n]
	heap.Push(&r.held, h)
	for len(r.held) > 0 && (r.held[0].packet.Time <= r.now-r.skew.most || len(r.held) > mostHeld) {
		next(&heap.Pop(&r.held).(*held).packet)
	}
}

// note counts the packet's connection among those that the skew concerns.
func (r *Reorder) note(p *decode.Packet) {
	key := [2]decode.Endpoint{p.Src, p.Dst}
	if bytes.Compare(p.Src.IP[:], p.Dst.IP[:]) > 0 || p.Src.IP == p.Dst.IP && p.Src.Port > p.Dst.Port {
		key[0], key[1] = key[1], key[0]
	}
	if len(r.moved) < mostHeld {
		r.moved[key] = struct{}{}
	}
}

// Skew returns what is undone.
func (r *Reorder) Skew() *Skew { return &r.skew }

// Connections returns how many pairs of endpoints the correction concerned, up to 65536.
func (r *Reorder) Connections() uint64 { return uint64(len(r.moved)) }

// Flush gives out what still waits.
func (r *Reorder) Flush(next func(*decode.Packet)) {
	for len(r.held) > 0 {
		next(&heap.Pop(&r.held).(*held).packet)
	}
}

// heldPackets is a heap, the earliest first.
type heldPackets []*held

func (h heldPackets) Len() int { return len(h) }
func (h heldPackets) Less(i, j int) bool {
	return h[i].packet.Time < h[j].packet.Time || h[i].packet.Time == h[j].packet.Time && h[i].nth < h[j].nth
}
func (h heldPackets) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heldPackets) Push(x any)   { *h = append(*h, x.(*held)) }
func (h *heldPackets) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
