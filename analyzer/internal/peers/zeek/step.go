package zeek

import "github.com/tcpflow-states/tcpflow-states/fsm"

// epState is an endpoint's state as Zeek knows it: what it sent so far.
type epState uint8

const (
	inactive    epState = iota // nothing
	synSent                    // a SYN
	synAckSent                 // a SYN-ACK, as originator
	partial                    // something, but its SYN was not captured
	established                // its part of a handshake
	closed                     // a FIN
	reset                      // an RST
)

func (e *endpoint) setState(s epState) {
	if s != e.state {
		e.before, e.state = e.state, s
	}
}

// step moves both endpoints on by a segment's flags and returns the sender's
// index, which changes when the roles turn out to be reversed. Neither
// acknowledgement nor sequence numbers are looked at: Zeek does not either.
func (z *State) step(from int, s *fsm.Segment) int {
	e, peer := &z.end[from], &z.end[1-from]
	fin, rst := s.Flags&fsm.FIN != 0, s.Flags&fsm.RST != 0
	ended := false
	switch e.state {
	case inactive:
		if s.Flags&fsm.SYN != 0 {
			from = z.firstSYN(from, s)
			e, peer = &z.end[from], &z.end[1-from]
		}
		ended = e.end(fin, rst)
		if e.state == inactive {
			if peer.state == established { // by a SYN-ACK whose SYN was not captured
				e.setState(established)
			} else {
				e.setState(partial)
			}
		}
	case synSent, synAckSent:
		ended = e.end(fin, rst)
	case partial, established:
		if e.state == partial && peer.state == inactive && s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN {
			e.setState(synSent)
		}
		if fin && !rst {
			e.setState(closed)
			if peer.state == reset && peer.before == closed {
				peer.setState(closed) // a FIN, then an RST: closed after all
			}
		}
		if rst {
			e.setState(reset)
		}
		ended = fin || rst
	case closed:
		if rst && peer.state != closed {
			e.setState(reset)
			ended = true
		}
	}
	if ended {
		e.closed = true
		z.bothEnded = e.closed && peer.closed
	}
	return from
}

// end takes the flags of a segment that may be an endpoint's last, and reports
// whether it is.
func (e *endpoint) end(fin, rst bool) bool {
	if fin {
		e.setState(closed)
	}
	if rst {
		e.setState(reset)
	}
	return fin || rst
}

// firstSYN takes a SYN or SYN-ACK that is an endpoint's first segment.
func (z *State) firstSYN(from int, s *fsm.Segment) int {
	e, peer := &z.end[from], &z.end[1-from]
	ack := s.Flags&fsm.ACK != 0
	switch {
	case from == orig && ack:
		e.setState(synAckSent)
	case from == orig:
		e.setState(synSent)
	case !ack && peer.state == synAckSent:
		// SYN-ACK and SYN came in the wrong order.
		z.flip()
		z.letter('^')
		z.end[orig].setState(established)
		z.end[resp].setState(established)
		return orig
	default:
		if peer.state == synSent {
			peer.setState(established)
		}
		e.setState(established)
	}
	return from
}
