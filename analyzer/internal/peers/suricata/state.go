// Package suricata describes a connection by the tcp.state of Suricata's flow
// records, for its default configuration: no midstream pickup, no one-sided
// sessions. Suricata keeps one state for both endpoints. While the connection
// opens it tells how far that got; once it closes it is the server's.
package suricata

import "github.com/tcpflow-states/tcpflow-states/fsm"

// State follows one connection. The zero State has seen no segment.
type State struct {
	word word
	from fsm.Side // who sent the first SYN
	side [2]side  // client, server as Suricata sees them
}

// side is what is needed to believe an endpoint's next segment.
type side struct {
	isn    fsm.Seq
	next   fsm.Seq // the number after the highest sent
	acked  fsm.Seq // the highest that the other side acknowledged
	window uint32  // scaled, as it offered last
	scale  uint8   // 255: window scaling was not offered
	known  bool    // its first number is
}

type word uint8

const (
	none word = iota
	synSent
	synRecv
	established
	finWait1
	finWait2
	timeWait
	lastAck
	closeWait
	closing
	closed
)

// String returns the state as Suricata writes it, or "" for a connection that
// Suricata would not follow because its SYN was not captured.
func (z *State) String() string {
	return [...]string{"", "syn_sent", "syn_recv", "established", "fin_wait1", "fin_wait2",
		"time_wait", "last_ack", "close_wait", "closing", "closed"}[z.word]
}

const noScale = 255

// Add takes the connection's next segment, in order of capture. Segments whose
// checksum is wrong must not be given: Suricata ignores them.
func (z *State) Add(from fsm.Side, s *fsm.Segment) {
	if z.word == none {
		if s.Flags&(fsm.SYN|fsm.ACK|fsm.RST|fsm.FIN) == fsm.SYN {
			z.word, z.from = synSent, from
			z.side[fsm.Client].open(s)
		}
		return
	}
	fromClient := from == z.from
	x, y := &z.side[fsm.Server], &z.side[fsm.Client]
	if fromClient {
		x, y = y, x
	}
	if s.Flags&fsm.RST != 0 {
		if z.believes(s, x, y) {
			z.word = closed
		}
		return
	}
	if s.Flags&fsm.SYN != 0 {
		z.syn(s, x, y, fromClient)
		return
	}
	if z.word == synSent || !x.known {
		return // nothing counts before the SYN-ACK
	}
	fin := s.Flags&fsm.FIN != 0 && s.Seq.Minus(x.next) <= int32(y.window)
	again := s.End().AtOrBefore(x.next)
	if !again && s.Seq.Minus(x.next) <= int32(y.window) {
		x.next = s.End()
	}
	if s.Flags&fsm.ACK != 0 && s.Ack.AtOrBefore(y.next) {
		y.acked = fsm.MaxSeq(y.acked, s.Ack)
		x.offer(s)
	}
	z.step(s, fromClient, fin && !again, y.acked == y.next)
}

// syn takes a SYN or SYN-ACK after the first SYN.
func (z *State) syn(s *fsm.Segment, x, y *side, fromClient bool) {
	if z.word != synSent {
		return
	}
	switch {
	case s.Flags&fsm.ACK == 0:
		if !x.known || fromClient { // a SYN of the server, or another try of the client
			x.open(s)
		}
	case !y.known || !s.Ack.After(y.isn) || s.Ack.After(y.next):
		return // it acknowledges something else
	default:
		if !fromClient || !x.known {
			x.open(s)
		}
		if x.scale == noScale || y.scale == noScale {
			x.scale, y.scale = 0, 0
		}
		y.acked = s.Ack
		z.word = synRecv
	}
}

// step moves the state on. newFIN says that the segment carries a FIN not seen
// before, allAcked that it or one before it acknowledges all the other side sent.
func (z *State) step(s *fsm.Segment, fromClient, newFIN, allAcked bool) {
	ack := s.Flags&fsm.ACK != 0
	if z.word == synRecv && fromClient && ack {
		z.word = established
	}
	switch z.word {
	case synRecv, established:
		if newFIN && fromClient {
			z.word = closeWait
		} else if newFIN {
			z.word = finWait1
		}
	case finWait1, finWait2:
		z.afterServerFIN(fromClient, ack, newFIN, allAcked)
	case closeWait:
		if newFIN && !fromClient {
			z.word = lastAck
		}
	case lastAck:
		if fromClient && ack && allAcked {
			z.word = closed
		}
	case closing:
		if ack && allAcked {
			z.word = timeWait
		}
	case timeWait:
		if ack && allAcked {
			z.word = closed
		}
	}
}

// afterServerFIN moves on from where the server closed first.
func (z *State) afterServerFIN(fromClient, ack, newFIN, allAcked bool) {
	switch {
	case newFIN && (ack || z.word == finWait2):
		z.word = timeWait
	case newFIN:
		z.word = closing
	case z.word == finWait1 && fromClient && ack && allAcked:
		z.word = finWait2
	}
}

// believes reports whether an RST is one that its receiver would take.
func (z *State) believes(s *fsm.Segment, x, y *side) bool {
	if z.word == synSent && !x.known {
		return s.Flags&fsm.ACK != 0 && s.Ack.After(y.isn) && s.Ack.AtOrBefore(y.next)
	}
	return s.Seq.AtOrAfter(x.acked) && s.Seq.Minus(x.next) <= int32(max(y.window, 1))
}

// open takes an endpoint's SYN.
func (x *side) open(s *fsm.Segment) {
	*x = side{isn: s.Seq, next: s.Seq.Add(1 + s.Len), acked: s.Seq, window: uint32(s.Window), scale: noScale, known: true}
	if s.Opts&fsm.OptWindowScale != 0 {
		x.scale = min(s.WindowScale, 14)
	}
}

func (x *side) offer(s *fsm.Segment) {
	x.window = uint32(s.Window)
	if x.scale <= 14 {
		x.window <<= x.scale
	}
}
