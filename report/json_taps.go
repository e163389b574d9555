package report

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What two taps together know is written only where there are two.

func (e *encoder) taps(t *record.Taps) {
	if t == nil {
		return
	}
	e.object(`"taps":`)
	e.keyUint(`"both":`, t.Both)
	e.keyUint(`"first_only":`, t.Only[0])
	e.keyUint(`"second_only":`, t.Only[1])
	e.object(`"clock":`)
	c := &t.Clock
	e.keyBool(`"known":`, c.Known)
	e.keyBool(`"consistent":`, c.Consistent)
	if c.Consistent {
		e.keySigned(`"offset_s":`, c.Estimate)
		e.keySigned(`"least_offset_s":`, c.Low)
		e.keySigned(`"greatest_offset_s":`, c.High)
		e.rate(`"rate_ppm":`, c.Rate)
		e.rate(`"least_rate_ppm":`, c.RateLow)
		e.rate(`"greatest_rate_ppm":`, c.RateHigh)
	} else {
		e.keyNull(`"offset_s":`)
		e.keyNull(`"least_offset_s":`)
		e.keyNull(`"greatest_offset_s":`)
		e.keyNull(`"rate_ppm":`)
		e.keyNull(`"least_rate_ppm":`)
		e.keyNull(`"greatest_rate_ppm":`)
	}
	e.endObject()
	e.endObject()
}

func (e *encoder) between(c *record.Connection) {
	b := c.Between
	if b == nil {
		return
	}
	e.object(`"between":`)
	if b.ClientTap == 0 {
		e.keyNull(`"client_tap":`)
		e.keyNull(`"basis":`)
		e.translation(b)
		e.endObject()
		return
	}
	e.keyInt(`"client_tap":`, b.ClientTap)
	e.keyStr(`"basis":`, b.Basis)
	for side := fsm.Client; side <= fsm.Server; side++ {
		e.object(sideKeys[side])
		e.crossing(&b.Dir[side])
		e.endObject()
	}
	e.translation(b)
	e.endObject()
}

// translation writes under which addresses the second tap saw the connection.
func (e *encoder) translation(b *record.Between) {
	e.keyBool(`"translated":`, b.Translated)
	if b.Translated {
		e.object(`"second_tap":`)
		for side := fsm.Client; side <= fsm.Server; side++ {
			e.addr(sideKeys[side], b.Ends[side])
		}
		e.endObject()
	} else {
		e.keyNull(`"second_tap":`)
	}
}

func (e *encoder) crossing(x *record.Crossing) {
	for _, f := range [...]struct {
		key string
		n   uint64
	}{
		{`"sent":`, x.Sent}, {`"arrived":`, x.Arrived}, {`"lost":`, x.Lost}, {`"unseen":`, x.Unseen},
		{`"unjudged":`, x.Unjudged}, {`"partly_lost":`, x.Partly}, {`"lost_bytes":`, x.LostBytes},
		{`"extra":`, x.Extra}, {`"outside":`, x.Outside}, {`"doubled":`, x.Doubled}, {`"resized":`, x.Resized},
		{`"altered":`, x.Altered},
	} {
		e.keyUint(f.key, f.n)
	}
	e.keyCounts(`"changes":`, x.Changes)
	e.crossed(`"lost_frames":`, x.LostFrames)
	e.crossed(`"extra_frames":`, x.ExtraFrames)
	e.crossed(`"altered_frames":`, x.AlteredFrames)
	if x.Hops < 0 {
		e.keyNull(`"hops":`)
	} else {
		e.keyInt(`"hops":`, x.Hops)
	}
	if x.Timed == 0 {
		e.keyNull(`"delay":`)
		return
	}
	e.object(`"delay":`)
	e.keyUint(`"samples":`, x.Timed)
	e.keySigned(`"min_s":`, x.Least)
	e.keySigned(`"median_s":`, x.Median)
	e.keySigned(`"max_s":`, x.Most)
	e.endObject()
}

// crossed writes packet numbers of the tap that saw them: near the sender what
// was lost or altered, near the receiver what is extra.
func (e *encoder) crossed(k string, list []fsm.Frame) {
	e.array(k)
	for _, f := range list {
		e.uint(f.Number())
	}
	e.endArray()
}

// keySigned writes seconds that may be below zero.
func (e *encoder) keySigned(k string, s float64) {
	e.key(k)
	if s < 0 {
		e.buf = append(e.buf, '-')
	}
	e.buf = append(appendSeconds(e.buf, math.Abs(s)), ',')
}
