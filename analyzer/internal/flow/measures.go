package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Counts are a direction's segments by kind, those left out that were captured twice.
type Counts struct {
	ACKs, PureACKs, PSHs   uint64
	SACKs, DSACKs          uint64
	TripleDupACKs          uint64 // runs of duplicate ACKs that reached three
	ResentData             uint64 // retransmissions with payload
	SYNs, FINs, RSTs, URGs uint32
	MinBytes, MaxBytes     uint32 // payload of the smallest and the largest data segment
	MostSACKBlocks         uint8
	MinTTL, MaxTTL         uint8
}

// count takes a segment into account. All but a few leave at its first tests.
func (n *Counts) count(o *observation) {
	s := o.s
	if s.Flags&fsm.ACK != 0 {
		n.ACKs++
		if s.Len == 0 && s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) == 0 {
			n.PureACKs++
		}
	}
	if s.Flags&fsm.PSH != 0 {
		n.PSHs++
	}
	if s.Flags&(fsm.SYN|fsm.FIN|fsm.RST|fsm.URG) != 0 {
		n.countControl(s.Flags)
	}
	if ttl := o.p.TTL; ttl != n.MaxTTL || n.MinTTL != ttl {
		if o.d.Packets == 0 {
			n.MinTTL, n.MaxTTL = ttl, ttl
		}
		n.MinTTL, n.MaxTTL = min(n.MinTTL, ttl), max(n.MaxTTL, ttl)
	}
	if s.NumSACK > 0 {
		n.SACKs++
		n.MostSACKBlocks = max(n.MostSACKBlocks, s.NumSACK)
		if isDSACK(s) {
			n.DSACKs++
		}
	}
}

func (n *Counts) countControl(flags fsm.Flags) {
	n.SYNs += uint32(flags / fsm.SYN & 1)
	n.FINs += uint32(flags / fsm.FIN & 1)
	n.RSTs += uint32(flags / fsm.RST & 1)
	n.URGs += uint32(flags / fsm.URG & 1)
}

// countSize takes a data segment into account, whose direction has counted it already.
func (d *Direction) countSize(bytes uint32) {
	n := &d.Counts
	if d.DataSegments == 1 {
		n.MinBytes = bytes
	}
	n.MinBytes, n.MaxBytes = min(n.MinBytes, bytes), max(n.MaxBytes, bytes)
}

// Pause is a time without data of one side, between two segments with some.
type Pause struct {
	Span     fsm.Time
	From, To fsm.Frame
}

// notePause notes the time between a direction's latest data and data that comes now.
func (d *Direction) notePause(at fsm.Stamp) {
	if d.LastDataFrame == 0 {
		d.FirstDataAt = fsm.Stamp{Time: at.Time, Frame: at.Frame}
		return
	}
	if span := at.Time - d.LastData; span > d.Pause.Span {
		d.Pause = Pause{span, d.LastDataFrame, at.Frame}
	}
}

// MeanWindow returns the mean of the windows that the direction offered, SYNs and RSTs
// left out.
func (d *Direction) MeanWindow() float64 {
	if d.windowsSeen == 0 {
		return 0
	}
	return float64(d.windowSum) / float64(d.windowsSeen)
}

// MeanInFlight returns the mean of the bytes unacknowledged when new ones were sent.
func (d *Direction) MeanInFlight() float64 {
	w := &d.sender
	if w.flights == 0 {
		return 0
	}
	return float64(w.flightSum) / float64(w.flights)
}

// Again are the times after which segments were sent again, and the most times that one was.
type Again struct {
	Most          uint8
	N             uint32
	Min, Max, Sum fsm.Time
}

// ResentAfter returns how long after their latest sending segments were sent again.
func (d *Direction) ResentAfter() Again {
	if d.sender.resent == nil {
		return Again{}
	}
	return d.sender.resent.after
}

// note takes a sending into account that came so long after the one before it, and is the
// times-th of its segment.
func (a *Again) note(after fsm.Time, times uint8) {
	after = max(0, after)
	if a.N == 0 {
		a.Min = after
	}
	a.N++
	a.Min, a.Max, a.Sum = min(a.Min, after), max(a.Max, after), a.Sum+after
	a.Most = max(a.Most, times-1)
}
