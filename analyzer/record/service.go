package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Service sums up the connections to one server address and port.
type Service struct {
	Server Addr
	Name   string // of the well-known port, or ""
	Sums
}

// Sums is what several connections come to. The zero Sums is that of none.
type Sums struct {
	Connections uint64
	Failed      uint64 // by their verdict: refused, unanswered, reset and others
	Refused     uint64
	Unanswered  uint64
	Reset       uint64 // of CloseReset: by either side, failed or not
	Trouble     uint64 // not failed, but with a verdict of trouble

	// By side, of all that its connections sent.
	Packets         [2]uint64
	Retransmissions [2]uint64
	Bytes           [2]uint64 // payload
	UniqueBytes     [2]uint64 // without repetitions

	Handshake Distribution // nanoseconds from the first SYN to the handshake's last ACK
	Answer    Distribution // nanoseconds from a request's last byte to its answer's first
	DataTime  fsm.Time     // from a connection's first to its last data, added up, in nanoseconds
}

// Add takes a connection in. What it tells need not be written into c.
func (s *Sums) Add(c *Connection) {
	s.Connections++
	switch c.Verdict.Concern() {
	case ConcernFailure:
		s.Failed++
	case ConcernTrouble:
		s.Trouble++
	}
	switch c.Verdict.Code {
	case VerdictRefused, VerdictRefusedByTimeWait:
		s.Refused++
	case VerdictUnanswered:
		s.Unanswered++
	}
	if c.Close.Kind == CloseReset {
		s.Reset++
	}
	for side := range c.Traffic {
		t := &c.Traffic[side]
		s.Retransmissions[side] += t.Retransmissions
		s.Packets[side] += t.Packets
		s.Bytes[side] += t.Bytes
		s.UniqueBytes[side] += t.UniqueBytes
	}
	if c.Quality.Untimed {
		return
	}
	if t := c.Handshake.Took; t >= 0 {
		s.Handshake.Add(uint64(t*1e9 + 0.5))
	}
	s.Answer.Merge(&c.Exchanges.Answer)
	first, last := c.DataSpan()
	s.DataTime += max(0, last-first)
}

// DataSpan returns when the connection's first and last data passed; both 0 without data.
func (c *Connection) DataSpan() (first, last fsm.Time) {
	for side := range c.Tail {
		t := &c.Tail[side]
		if t.FirstData != 0 && (first == 0 || t.FirstData < first) {
			first = t.FirstData
		}
		last = max(last, t.LastData)
	}
	return first, last
}

// Goodput returns how many bytes, without repetitions, the side sent per second from the
// first to the last data of its connections; 0 if there was no more than one packet of it.
func (s *Sums) Goodput(side fsm.Side) float64 {
	if s.DataTime <= 0 {
		return 0
	}
	return float64(s.UniqueBytes[side]) / (float64(s.DataTime) / 1e9)
}

// RetransmissionRate returns which share of the side's packets were retransmissions, 0 to 1.
func (s *Sums) RetransmissionRate(side fsm.Side) float64 {
	if s.Packets[side] == 0 {
		return 0
	}
	return float64(s.Retransmissions[side]) / float64(s.Packets[side])
}

// OtherServices are those that a Summary does not list.
type OtherServices struct {
	Services    uint64
	More        bool // and more than these, which were not told apart
	Connections uint64
	Failed      uint64
	Bytes       uint64
}

// Cost returns the seconds that the connection lost, as far as its findings tell; one that
// failed counts for a second more.
func (c *Connection) Cost() float64 {
	cost := 0.0
	for i := range c.Anomalies {
		cost += c.Anomalies[i].Cost
	}
	if c.Verdict.Concern() == ConcernFailure {
		cost++
	}
	return cost
}
