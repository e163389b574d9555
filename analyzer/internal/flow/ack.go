package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ackFacts looks at what a segment acknowledges and offers.
func (f *Flow) ackFacts(s *fsm.Segment, d, r *Direction, x, y *fsm.Endpoint, from fsm.Side) SegmentFacts {
	var g SegmentFacts
	pure := s.Len == 0 && s.Flags&(fsm.SYN|fsm.FIN) == 0
	same := d.hasAck && s.Ack == d.lastAck && s.Window == d.lastWin

	if r.awaiting != nothing {
		if pure && s.Ack == y.Out.Top && !f.isProbe(s, x) {
			if r.awaiting == keepaliveAnswer {
				g.add(KeepaliveAnswer)
				r.Keepalive.answered(true)
			} else {
				g.add(WindowProbeAnswer)
			}
		} else if r.Keepalive != nil && r.awaiting == keepaliveAnswer {
			r.Keepalive.answered(false)
		}
		r.awaiting = nothing
	}
	if pure && d.hasAck && s.Ack == d.lastAck && g.Empty() && !f.isProbe(s, x) {
		switch {
		case s.Window != d.lastWin && s.Window != 0:
			g.add(WindowUpdate)
		case same && y.Out.Top.After(s.Ack):
			g.add(DuplicateACK)
			d.DuplicateACKs++
		}
	}
	if x.HasAck && s.Ack.Before(x.Acked) && s.Flags&fsm.SYN == 0 {
		g.add(AckBack)
		if x.ScaleKnown && uint32(x.Acked-s.Ack) > max(d.MaxWindow, 1<<16) {
			g.add(AckTooOld)
		}
	}
	if pure && r.lastLen > 0 && !r.blocked && s.Window > 0 && s.Ack == y.Out.Top && f.Last.Time-r.LastData >= ShortestDelayedACK && f.Last.Time-r.LastData <= LongestDelayedACK {
		w := r.ensureWindowStats() // an ACK that the receiver held back; does the sender wait for it?
		w.stalledAt, w.stall = f.Last.Time, f.Last.Time-r.LastData
	}
	if needless := f.noteAck(from.Peer(), s, f.Last.Time, g.Has(DuplicateACK)); needless != nil {
		r.SpuriousProved++
		if needless.kept >= 0 && needless.kept < len(f.Timeline) && f.Timeline[needless.kept].Frame == needless.frame {
			f.Timeline[needless.kept].Facts.add(SpuriousProved)
		}
	}
	if s.NumSACK > 0 {
		b := s.SACK[0]
		if y.Seen && y.SentSYN && b.To.AtOrBefore(y.ISS) && r.UniqueBytes+r.GapBytes < 1<<30 {
			g.add(SACKInvalid) // below the first number of the stream
		} else if b.To.AtOrBefore(s.Ack) || s.NumSACK > 1 && b.From.AtOrAfter(s.SACK[1].From) && b.To.AtOrBefore(s.SACK[1].To) {
			g.add(DSACK)
		} else if y.Seen && y.ScaleKnown && b.To.After(y.Out.Top) {
			g.add(SACKInvalid)
		}
	}
	if s.Flags&fsm.SYN == 0 {
		g.addAll(f.windowFacts(s, d, r, x, y))
	}
	r.noteOpened(x, f.Last.Time)
	d.lastAck, d.lastWin, d.hasAck = s.Ack, s.Window, true
	return g
}

// overtaken reports whether x's later segments passed before this one: its
// timestamp is older than x's newest.
func overtaken(s *fsm.Segment, x *fsm.Endpoint) bool {
	latest, known := x.LatestTimestamp()
	return known && s.Opts&fsm.OptTimestamps != 0 && int32(s.TSVal-latest) < 0
}

// Delayed acknowledgments come after 40 ms (Linux) to 500 ms (the most that
// RFC 9293 §3.8.6.3 allows).
const (
	ShortestDelayedACK = 35_000_000
	LongestDelayedACK  = 500_000_000
)

// windowFacts follows the window that a side offers.
func (f *Flow) windowFacts(s *fsm.Segment, d, r *Direction, x, y *fsm.Endpoint) SegmentFacts {
	var g SegmentFacts
	scaled := uint32(s.Window) << x.Scale
	if d.MaxWindow == 0 && d.MinWindow == 0 || scaled < d.MinWindow {
		d.MinWindow = scaled
	}
	d.MaxWindow = max(d.MaxWindow, scaled)
	now := f.Last.Time
	if s.Window == 0 {
		if !d.zero && !y.SentFIN {
			d.zero, d.zeroSince = true, now
			d.ZeroWindows++
			d.ensureWindowStats().zeroFrame = f.Last.Frame
			g.add(ZeroWindow)
		}
	} else if d.zero {
		d.zero = false
		d.ZeroWindowTime += max(0, now-d.zeroSince) // the clock may have been set back
		f.windowOpens(s, d, r, scaled)
	}
	if x.ScaleKnown && s.Ack.AtOrAfter(x.Acked) && s.Ack.AtOrBefore(y.Out.Top) && !overtaken(s, x) {
		edge := s.Ack.Add(scaled)
		// The scale rounds the edge down by less than one unit of it.
		if d.hasEdge && !y.SentFIN && edge.Minus(d.lastEdge) < -(int32(1)<<x.Scale) {
			g.add(WindowShrunk)
		}
		d.lastEdge, d.hasEdge = edge, true
	}
	return g
}
