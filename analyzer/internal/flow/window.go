package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// windowFacts follows the window that a side offers.
func (f *Flow) windowFacts(o *observation) {
	s, d, x, y := o.s, o.d, o.x, o.y
	scaled := uint32(s.Window) << x.Scale
	if d.windowsSeen == 0 || scaled < d.MinWindow {
		d.MinWindow = scaled
	}
	d.MaxWindow = max(d.MaxWindow, scaled)
	d.windowSum += uint64(scaled)
	d.windowsSeen++
	now := f.Last.Time
	if s.Window == 0 {
		if !d.zero && !y.SentFIN {
			d.zero, d.zeroSince = true, now
			d.ZeroWindows++
			d.ensureWindowStats().zeroFrame = f.Last.Frame
			o.facts.add(ZeroWindow)
		}
	} else if d.zero {
		d.zero = false
		d.ZeroWindowTime += max(0, now-d.zeroSince) // the clock may have been set back
		f.windowOpens(o, scaled)
	}
	if x.ScaleKnown && s.Ack.AtOrAfter(x.Acked) && s.Ack.AtOrBefore(y.Out.Top) && !outOfOrderTimestamp(s, x) {
		edge := s.Ack.Add(scaled)
		// The scale rounds the edge down by less than one unit of it.
		if d.hasEdge && !y.SentFIN && !f.SharesWindow() && edge.Minus(d.lastEdge) < -(int32(1)<<x.Scale) {
			o.facts.add(WindowShrunk)
		}
		d.lastEdge, d.hasEdge = edge, true
	}
}

// outOfOrderTimestamp reports whether x's later segments passed before this one: its
// timestamp is older than x's newest.
func outOfOrderTimestamp(s *fsm.Segment, x *fsm.Endpoint) bool {
	latest, known := x.LatestTimestamp()
	return known && s.Opts&fsm.OptTimestamps != 0 && int32(s.TSVal-latest) < 0
}
