package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Problem is one thing that is wrong with a capture's connections, with what it cost:
// the connections of one service, or of several, that have the same verdict or the same
// finding.
type Problem struct {
	Verdict     VerdictCode // what all of them have: a verdict,
	Check       CheckName   // or a finding of this check; the other is empty
	Title       string
	Concern     Concern // ConcernFailure: these connections failed
	Server      Addr    // of all of them; a port of 0: several ports of the host; no address: several servers
	Services    uint64  // how many services that is
	Connections uint64
	Cost        float64 // seconds that they lost by it; one that failed has lost the time until then, at least one second

	// The one that lost most, of several the first.
	Worst      uint64 // its ID
	WorstFrom  Addr   // its client
	WorstCost  float64
	Frames     []fsm.Frame
	Message    string   // one sentence on it
	OtherIDs   []uint64 // of some others, the lowest
	FirstFound fsm.Time
}

// Service sums up the connections to one server address and port.
type Service struct {
	Server      Addr
	Name        string // of the well-known port, or ""
	Connections uint64
	Failed      uint64 // by their verdict: Refused, Unanswered, Reset and others
	Refused     uint64
	Unanswered  uint64
	Reset       uint64 // failed or not
	Trouble     uint64 // worked, but with a verdict of trouble

	DataPackets     [2]uint64 // packets with data, by side
	Retransmissions [2]uint64
	Bytes           [2]uint64 // payload

	Handshake Distribution // nanoseconds, of completed ones, repetitions of the SYN included
	Answer    Distribution // nanoseconds from a request's last byte to its answer's first
	DataTime  float64      // seconds from the first to the last data, added up: Bytes by it is the goodput
}

// Goodput returns the bytes that the side sent per second while there was data, 0 if
// there was none.
func (s *Service) Goodput(side fsm.Side) float64 {
	if s.DataTime <= 0 {
		return 0
	}
	return float64(s.Bytes[side]) / s.DataTime
}
