package vantage

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// maxRate is the largest difference of two clocks' rates that is believed: clocks are set
// right by less (NTP slews by 500 ppm at most), and crystals err by less.
const maxRate = 500e-6

// point is the difference of a packet's two times, in seconds, and when the second tap
// saw it. Both are relative, so that a float64 holds them to the nanosecond.
type point struct{ at, delta float64 }

// drift is for clocks that no single offset fits. It looks for the rate at which the
// second gains on the first: an offset that grows evenly must lie below what packets
// took one way and above what they took the other, all the time. Of the rates with which
// it does, the one that leaves it most room is taken out of the second tap's times, about
// the first of them.
func (c *Comparison) drift() {
	above, below := c.points()
	if len(above) == 0 || len(below) == 0 {
		return
	}
	// Only the corners of both clouds matter.
	above, below = hull(above, 1), hull(below, -1)
	room := func(rate float64) float64 { return extreme(above, rate, 1) - extreme(below, rate, -1) }
	low, high := -maxRate, maxRate // the room is concave in the rate
	for range 100 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if room(a) < room(b) {
			low = a
		} else {
			high = b
		}
	}
	rate := (low + high) / 2
	if room(rate) < 0 {
		return // no rate fits: a clock was set
	}
	c.rate, c.since = rate, c.taps[1].first
	c.clock.Rate, c.clock.RateLow, c.clock.RateHigh = rate, edge(room, rate, -maxRate), edge(room, rate, maxRate)
	c.correct()
}

// edge returns how far from a rate that leaves room towards another there is any.
func edge(room func(float64) float64, rate, end float64) float64 {
	if room(end) >= 0 {
		return end
	}
	for range 100 {
		if middle := (rate + end) / 2; room(middle) >= 0 {
			rate = middle
		} else {
			end = middle
		}
	}
	return rate
}

// points returns what bounds the offset from above, and what does from below.
func (c *Comparison) points() (above, below []point) {
	var zero fsm.Time
	any := false
	for _, t := range c.talks {
		if t.near == unknownTap {
			continue
		}
		for i := range t.dir {
			for j := range t.dir[i].at[0] {
				s := &t.dir[i].at[0][j]
				if s.match == nil || !s.alone {
					continue
				}
				if !any {
					zero, any = s.match.time-s.time, true
				}
				p := point{(s.match.time - c.taps[1].first).Seconds(0), (s.match.time - s.time - zero).Seconds(0)}
				if t.near.sender(i) == 0 {
					above = append(above, p)
				} else {
					below = append(below, p)
				}
			}
		}
	}
	return above, below
}

// hull returns the corners of the points' convex hull that face down, or with sign −1 up.
func hull(list []point, sign float64) (corners []point) {
	slices.SortFunc(list, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(sign*a.delta, sign*b.delta))
	})
	for _, p := range list {
		for n := len(corners); n >= 2; n = len(corners) {
			a, b := corners[n-2], corners[n-1]
			if sign*((b.at-a.at)*(p.delta-a.delta)-(b.delta-a.delta)*(p.at-a.at)) > 0 {
				break
			}
			corners = corners[:n-1]
		}
		corners = append(corners, p)
	}
	return corners
}

// extreme returns the least difference, or with sign −1 the greatest, that is left when
// the rate is taken out.
func extreme(list []point, rate, sign float64) float64 {
	best := list[0].delta - rate*list[0].at
	for _, p := range list[1:] {
		if x := p.delta - rate*p.at; sign*x < sign*best {
			best = x
		}
	}
	return best
}

// steady returns a time of the second tap as a clock would show it that does not gain on
// the first's.
func (c *Comparison) steady(t fsm.Time) fsm.Time {
	if c.rate == 0 {
		return t
	}
	return t - fsm.Time(float64(t-c.since)*c.rate/(1+c.rate))
}

// correct takes the rate out of all that was noted of the second tap's times.
func (c *Comparison) correct() {
	for _, t := range c.talks {
		for i := range t.dir {
			d := &t.dir[i]
			for j := range d.at[1] {
				d.at[1][j].time = c.steady(d.at[1][j].time)
			}
			d.deltas = d.deltas[:0]
			for j := range d.at[0] {
				if s := &d.at[0][j]; s.match != nil && s.alone {
					d.deltas = append(d.deltas, s.match.time-s.time)
				}
			}
		}
	}
	tap := c.taps[1]
	tap.last = c.steady(tap.last)
}
