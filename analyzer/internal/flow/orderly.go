package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Orderly follows the round trips of a connection whose segments came once each and in order,
// as a Flow would, without the rest of a Flow.
type Orderly struct {
	sides     [2]orderlySide
	handshake [3]fsm.Time // when its segments came
	shaken    int         // how many of these there were
}

// orderlySide is what one side sent.
type orderlySide struct {
	rtt  RTT
	sent []orderlySegment // not acknowledged yet
	next fsm.Seq          // after all that it sent
	any  bool
}

type orderlySegment struct {
	seq, end fsm.Seq
	at       fsm.Time
}

// Reset forgets all.
func (o *Orderly) Reset() {
	o.shaken = 0
	for i := range o.sides {
		s := &o.sides[i]
		*s = orderlySide{rtt: RTT{spare: s.rtt.room()}, sent: s.sent[:0]}
	}
}

// Add takes the next segment. It reports whether it is in order.
func (o *Orderly) Add(from fsm.Side, s *fsm.Segment, at fsm.Time) bool {
	if s.Flags&fsm.RST != 0 {
		return true
	}
	if o.shaken < len(o.handshake) {
		o.shake(from, s.Flags, at)
	}
	own, peer := &o.sides[from], &o.sides[from.Peer()]
	if s.Space() > 0 {
		if own.any && s.Seq != own.next {
			return false
		}
		own.any, own.next = true, s.End()
		own.sent = append(own.sent, orderlySegment{s.Seq, s.End(), at})
	}
	if s.Flags&fsm.ACK != 0 {
		peer.acknowledged(s.Ack, at)
	}
	return true
}

// shake follows the handshake: SYN, SYN-ACK, ACK.
func (o *Orderly) shake(from fsm.Side, flags fsm.Flags, at fsm.Time) {
	side, bits := fsm.Client, fsm.SYN
	switch o.shaken {
	case 1:
		side, bits = fsm.Server, fsm.SYN|fsm.ACK
	case 2:
		bits = fsm.ACK
	}
	if from == side && flags&(fsm.SYN|fsm.ACK) == bits {
		o.handshake[o.shaken] = at
		o.shaken++
	}
}

// Handshake returns how long after the client's SYN the server's came, and how long after
// that the client's ACK: negative where there was none.
func (o *Orderly) Handshake() (server, client fsm.Time) {
	server, client = -1, -1
	if o.shaken > 1 {
		server = o.handshake[1] - o.handshake[0]
	}
	if o.shaken > 2 {
		client = o.handshake[2] - o.handshake[1]
	}
	return server, client
}

// acknowledged does what sender.acknowledge does, and sender.sample.
func (s *orderlySide) acknowledged(ack fsm.Seq, now fsm.Time) {
	n := 0
	for n < len(s.sent) && s.sent[n].end.AtOrBefore(ack) {
		n++
	}
	if n > 0 {
		s.rtt.add(now - s.sent[n-1].at)
	}
	partly := n < len(s.sent) && s.sent[n].seq.Before(ack)
	if n > 0 || partly {
		s.rtt.kernel.add(now - s.sent[0].at)
	}
	if partly {
		s.sent[n].seq = ack
	}
	s.sent = s.sent[:copy(s.sent, s.sent[n:])]
}

// RTT returns the round trips of a side's data.
func (o *Orderly) RTT(of fsm.Side) *RTT { return &o.sides[of].rtt }
