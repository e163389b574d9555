package zeek

import "github.com/tcpflow-states/tcpflow-states/fsm"

// tooFar is the jump of a SYN's or RST's number that Zeek does not follow.
const tooFar = 1 << 20

// relative returns seq counted from the endpoint's start, near being a number
// known to be close to it. It is negative for what lies before the start.
func (e *endpoint) relative(seq fsm.Seq, near int64) int64 {
	return near + int64(seq.Minus(e.start.Add(uint32(near))))
}

// begin settles the endpoint's first number when it sends its first segment,
// and anew when a SYN with another number comes before anything was agreed on.
func (e *endpoint) begin(s *fsm.Segment, space uint32) {
	syn := s.Flags&fsm.SYN != 0
	switch e.state {
	case inactive:
		if syn {
			e.start, e.last, e.acked = s.Seq, int64(space), 0
		} else { // as if a SYN had taken the number before
			e.start, e.last, e.acked = s.Seq-1, 1, 0
		}
	case synSent, synAckSent:
		if syn && s.Seq != e.start {
			e.restart(s.Seq)
		}
	case partial, established:
		if syn && s.Seq != e.start && e.nothingAcked() {
			e.restart(s.Seq)
		}
	case reset:
		if syn && e.before == inactive {
			e.restart(s.Seq)
		}
	}
}

func (e *endpoint) restart(seq fsm.Seq) { e.start, e.last, e.acked = seq, 0, 0 }

func (e *endpoint) nothingAcked() bool { return e.acked == 0 || e.acked == 1 }

// advance follows the highest number sent and reports whether the segment
// repeats data.
func (e *endpoint) advance(s *fsm.Segment, space uint32) (again bool) {
	delta := int64((s.Seq + fsm.Seq(space)).Minus(e.start.Add(uint32(e.last))))
	switch {
	case s.Flags&(fsm.SYN|fsm.RST) != 0 && (delta > tooFar || delta < -tooFar):
	case s.Flags&fsm.FIN != 0 && e.last == 1:
		// Only the SYN was seen before: more than 2 GiB may lie between.
		e.last += int64(uint32(delta))
	case e.state == reset:
	case delta > 0:
		e.last += delta
	case s.Len > 0:
		return true
	}
	return false
}

// noteAck follows what the peer is known to have sent, and returns the
// acknowledged number counted from the peer's start.
func (z *State) noteAck(e, peer *endpoint, s *fsm.Segment) int64 {
	if s.Flags&fsm.ACK == 0 {
		return 0
	}
	if peer.state == inactive {
		if s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) == 0 {
			peer.start, peer.last, peer.acked = s.Ack-1, 0, 0
		}
		return 1
	}
	ack := peer.relative(s.Ack, peer.acked)
	if ack < 0 {
		return 0
	}
	if s.Flags&fsm.RST == 0 && ack > peer.acked && !(s.Ack == 0 && ack-peer.acked > tooFar) {
		peer.acked = ack
	}
	return ack
}

// size returns the octets of data that the endpoint sent, or that its peer
// acknowledged if that is more.
func (e *endpoint) size(peer *endpoint) uint64 {
	if e.before == synSent && e.state == reset && peer.state == inactive && e.nothingAcked() {
		return 0
	}
	n := max(e.last, e.acked)
	if n > 0 {
		n-- // the SYN, or the number in its place
	}
	if n > 0 && e.fins {
		n--
	}
	return uint64(max(n, 0))
}
