package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// ackFacts looks at what a segment acknowledges and at the window that it offers.
func (f *Flow) ackFacts(o *observation) {
	s, d, r := o.s, o.d, o.r
	pure := s.Len == 0 && s.Flags&(fsm.SYN|fsm.FIN) == 0
	if r.windows != nil && r.windows.silent.N > 0 {
		r.windows.heard()
	}
	if r.awaiting != nothing {
		answerFacts(o, pure)
	}
	if s.Opts&fsm.OptMPTCPDataFIN != 0 {
		o.facts.add(MPTCPDataFIN)
		pure = false // it says something new, though nothing to TCP
	}
	if pure && d.hasAck && s.Ack == d.lastAck && !o.facts.Any(probeAnswers) && !isProbe(o) {
		sameAckFacts(o)
	}
	if o.x.HasAck && s.Ack.Before(o.x.Acked) && s.Flags&fsm.SYN == 0 {
		o.facts.add(AckBack)
		if o.x.ScaleKnown && uint32(o.x.Acked-s.Ack) > max(d.MaxWindow, 1<<16) {
			o.facts.add(AckTooOld)
		}
	}
	if pure {
		f.noteDelayedACK(o)
	}
	if r.badSums != nil {
		r.badSums.acknowledged(s.Ack)
	}
	if spurious := f.noteAck(o); spurious != nil {
		f.noteSpurious(spurious, r)
	}
	if s.NumSACK > 0 {
		sackFacts(o)
	}
	if s.Flags&fsm.SYN == 0 {
		f.windowFacts(o)
	}
	r.noteOpened(o.x, f.Last.Time)
	d.lastAck, d.lastWin, d.hasAck = s.Ack, s.Window, true
}

// answerFacts looks whether the segment answers the probe that the other side waits
// to have answered.
func answerFacts(o *observation, pure bool) {
	r := o.r
	switch {
	case pure && o.s.Ack == o.y.Out.Top && !isProbe(o):
		if r.awaiting == keepaliveAnswer {
			o.facts.add(KeepaliveAnswer)
			r.Keepalive.answered(true)
		} else {
			o.facts.add(WindowProbeAnswer)
		}
	case pure && r.awaiting == windowProbeAnswer && o.d.hasAck && o.s.Ack == o.d.lastAck && !isProbe(o):
		o.facts.add(WindowProbeAnswer) // with data outstanding that did not fit
	case r.Keepalive != nil && r.awaiting == keepaliveAnswer:
		r.Keepalive.answered(false)
	}
	r.awaiting = nothing
}

// sameAckFacts tells why a segment acknowledges again what its sender acknowledged
// last.
func sameAckFacts(o *observation) {
	s, d := o.s, o.d
	switch {
	case s.Window != d.lastWin && s.Window != 0:
		o.facts.add(WindowUpdate)
	case s.Window == d.lastWin && o.y.Out.Top.After(s.Ack):
		o.facts.add(DuplicateACK)
		d.DuplicateACKs++
	}
}

// Delayed acknowledgments come after 40 ms (Linux) to 500 ms (the most that
// RFC 9293 §3.8.6.3 allows).
const (
	ShortestDelayedACK fsm.Time = 35_000_000
	LongestDelayedACK  fsm.Time = 500_000_000
)

// noteDelayedACK notes an ACK that the receiver held back; whether the sender waited
// for it, its next segment tells.
func (f *Flow) noteDelayedACK(o *observation) {
	s, r := o.s, o.r
	wait := f.Last.Time - r.LastData
	delay := wait - f.shortestTrip(o.from.Peer())
	if r.lastLen > 0 && !r.blocked && s.Window > 0 && s.Ack == o.y.Out.Top && delay >= ShortestDelayedACK && wait <= LongestDelayedACK {
		w := r.ensureWindowStats()
		w.stalledAt, w.stall, w.stallRoom = f.Last.Time, delay, o.before.ownEdge.Minus(o.y.Out.Top)
	}
}

// shortestTrip returns RoundTrip, or the shortest that an acknowledgment of the side's data
// took where that is less: a handshake may take longer than what follows.
func (f *Flow) shortestTrip(side fsm.Side) fsm.Time {
	if rtt := f.Dir[side].RTT(); rtt.Samples > 0 {
		return min(f.RoundTrip(side), rtt.Min)
	}
	return f.RoundTrip(side)
}

// noteSpurious notes a retransmission of r that its receiver showed to be spurious.
func (f *Flow) noteSpurious(spurious *resending, r *Direction) {
	r.SpuriousProved++
	if i := spurious.kept; i >= 0 && i < len(f.Timeline) && f.Timeline[i].Frame == spurious.frame {
		f.Timeline[i].Facts.add(SpuriousProved)
	}
	if f.series != nil {
		f.series.Amend(spurious.frame, marksOf(0, Facts(SpuriousProved)), 0)
	}
}

// sackFacts looks at the first SACK block.
func sackFacts(o *observation) {
	s, y, r := o.s, o.y, o.r
	b := s.SACK[0]
	switch {
	case y.Seen && y.SentSYN && b.To.AtOrBefore(y.ISS) && r.UniqueBytes+r.GapBytes < 1<<30:
		o.facts.add(SACKInvalid) // below the first number of the stream
	case isDSACK(s):
		o.facts.add(DSACK)
	case y.Seen && y.ScaleKnown && b.To.After(y.Out.Top):
		o.facts.add(SACKInvalid)
	}
}

// isDSACK reports whether the first SACK block tells of bytes received twice: it lies
// below the acknowledgment, or within the second block (RFC 2883 §4).
func isDSACK(s *fsm.Segment) bool {
	return s.NumSACK > 0 && s.Flags&fsm.ACK != 0 && (s.SACK[0].To.AtOrBefore(s.Ack) ||
		s.NumSACK > 1 && s.SACK[0].From.AtOrAfter(s.SACK[1].From) && s.SACK[0].To.AtOrBefore(s.SACK[1].To))
}
