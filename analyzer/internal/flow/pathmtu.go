package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// toldMTU is what ICMP errors told a sender of the path's MTU.
type toldMTU struct {
	mtu   uint32
	until fsm.Seq // what the sender had sent by then
	next  fsm.Seq // how far it has sent that again since

	resent bool // it has sent any of it again
}

// noteMTU takes account of an ICMP error that tells the path's MTU.
func (f *Flow) noteMTU(n *ICMPNote) {
	x := &f.Conn.End[n.Side]
	if record.KindOfICMP(n.Type, n.Code, n.V6) != record.ICMPTooBig || !x.Out.Started() {
		return
	}
	w := &f.Dir[n.Side].sender
	if w.told == nil || w.told.mtu != n.MTU {
		w.told = &toldMTU{mtu: n.MTU, next: n.Seq}
		if y := &f.Conn.End[n.Side.Peer()]; y.HasAck {
			w.told.next = y.Acked
		}
	}
	w.told.until = x.Out.Top // one error comes for each packet that was too big
}

// resentSmaller reports whether a retransmission is due to an MTU that an ICMP error told:
// it is the first since then of something that was outstanding, in a packet larger than
// that, and is none itself. A sender resends these at once, and takes none of them for
// a sign of congestion (RFC 1191 §6.4).
func (w *sender) resentSmaller(o *observation, e *sent) bool {
	t := w.told
	if t == nil || e == nil || !o.s.Seq.Before(t.until) || o.s.End().AtOrBefore(t.next) {
		return false
	}
	// What is left of a larger one whose first part was sent again, and perhaps acknowledged,
	// goes on where that ended.
	headers := o.p.IPLen - o.s.Len
	large := e.end.Minus(e.seq)+int32(headers) > int32(t.mtu) || t.resent && o.s.Seq == t.next
	if !large || o.p.IPLen > t.mtu {
		return false
	}
	t.resent = true
	t.next = o.s.End()
	return true
}
