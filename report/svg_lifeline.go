package report

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// lifelines draws the states of both endpoints from the first row to the end: solid where
// they are proved, hatched where they are not.
func (s *lanes) lifelines(top, end float64) {
	end += 12
	for side := fsm.Client; side <= fsm.Server; side++ {
		from, now := top, s.rows[0].after[side]
		for i := range s.rows {
			r := &s.rows[i]
			if r.after[side] != now {
				s.bar(side, from, s.at[i], now)
				from, now = s.at[i], r.after[side]
			}
			if r.show[side] && (i == 0 || r.changed[side] || i == len(s.rows)-1 && r.after[side].State != fsm.Closed) {
				s.name(side, s.at[i], r.after[side])
			}
		}
		s.bar(side, from, end, now)
	}
}

// bar draws a state along a lifeline.
func (s *lanes) bar(side fsm.Side, from, to float64, e record.EndState) {
	x, class := s.life[side]-lifeWide/2, stateClass(e.State)
	if e.Proved {
		s.v.box(x, from, lifeWide, to-from, 0, class)
		return
	}
	s.v.addf(`<rect x="%s" y="%s" width="%d" height="%s" fill="url(#hatch-%s)" style="fill:url(#hatch-%s)"/>`, num(x), num(from), lifeWide, num(to-from), class, class)
}

// name writes a state beside a lifeline, outside of the ladder.
func (s *lanes) name(side fsm.Side, y float64, e record.EndState) {
	class := "to-" + stateClass(e.State)
	if side == fsm.Client {
		s.v.textTo(s.life[side]-lifeWide/2-6, y+4, class, state(e))
	} else {
		s.v.text(s.life[side]+lifeWide/2+6, y+4, class, state(e))
	}
}

// proofs draws a dashed line from each transition that needed a proof to the row of the
// frame that is it.
func (s *lanes) proofs(c *record.Connection) {
	times := map[fsm.Frame]fsm.Time{}
	for i := range c.Segments {
		times[c.Segments[i].Frame] = c.Segments[i].Time
	}
	drawn := map[[3]int]bool{}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Cause != fsm.Received || t.Proof == 0 || t.Proof == t.Frame {
			continue
		}
		at, known := times[t.Proof]
		if !known {
			continue
		}
		from, to := s.rowOf(t.Frame, t.Time), s.rowOf(t.Proof, at)
		key := [3]int{int(t.Side), from, to}
		if from < 0 || to <= from || drawn[key] {
			continue
		}
		drawn[key] = true
		s.proof(t.Side, s.at[from], s.at[to])
	}
}

// rowOf returns the row that shows a frame, or the one that it is folded into; -1 for none.
func (s *lanes) rowOf(f fsm.Frame, at fsm.Time) int {
	if i := slices.IndexFunc(s.rows, func(r rung) bool { return r.frame == f }); i >= 0 {
		return i
	}
	i, _ := slices.BinarySearchFunc(s.rows, at, func(r rung, at fsm.Time) int { return cmp.Compare(r.time, at) })
	if i >= len(s.rows) {
		return -1
	}
	return i
}

func (s *lanes) proof(side fsm.Side, from, to float64) {
	x, bulge := s.life[side]+lifeWide/2, min(proofRoom-8, 12+(to-from)/9)
	if side == fsm.Server {
		x, bulge = s.life[side]-lifeWide/2, -bulge
	}
	// A curve reaches three quarters of the way to its control points.
	way := num(x + bulge*4/3)
	s.v.path("M"+num(x)+" "+num(from+3)+"C"+way+" "+num(from+8)+" "+way+" "+num(to-8)+" "+num(x)+" "+num(to-3), "proof")
	s.v.addf(`<circle cx="%s" cy="%s" r="3" class="proved"/>`, num(x), num(to-3))
}

// expected draws the TIME-WAIT that the capture does not see to its end, below y.
func (s *lanes) expected(c *record.Connection, y float64) float64 {
	y += 12
	end := y
	for i := range c.Close.TimeWait {
		h := &c.Close.TimeWait[i]
		if h.Ended != "expected" || c.State[h.Side&1].State != fsm.TimeWait {
			continue
		}
		s.bar(h.Side, y, y+26, record.EndState{State: fsm.TimeWait})
		x := s.life[h.Side&1]
		s.v.path("M"+num(x-9)+" "+num(y+26)+"H"+num(x+9), "shaft")
		text := "TIME-WAIT until +" + phrase.Duration(span(c.First, h.Until)) + ", expected: no wire shows it"
		below := y + 28 // of both ends one text stands above the other
		if end > y {
			below += 18
		}
		if h.Side == fsm.Client {
			s.v.text(x+16, below, "prose quiet", text)
		} else {
			s.v.textTo(x-16, below, "prose quiet", text)
		}
		end = below + 4
	}
	return end
}
