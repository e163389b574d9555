package report

import (
	"math"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// tapsField says in the summary how the two taps' clocks compare.
func (p *page) tapsField(t *record.Taps) {
	if t == nil {
		return
	}
	both := phrase.Counted(t.Both, "connection", "connections") + " seen at both"
	if only := t.Only[0] + t.Only[1]; only > 0 {
		both += ", " + phrase.Count(t.Only[0]) + " at the first only, " + phrase.Count(t.Only[1]) + " at the second only"
	}
	p.field(summaryNames, "taps", both)
	p.field(summaryNames, "", p.text(clockText(&t.Clock)))
}

func clockText(c *record.Clock) string {
	switch {
	case !c.Known:
		return "clocks: too few packets seen at both to compare them; delays unknown"
	case !c.Consistent:
		return "clocks: no offset fits, not even one that grows evenly: one was stepped; delays unknown"
	}
	text := "clocks: the second is " + ahead(c.Estimate) + " (estimate: assumes symmetric minimum delay), certainly between " +
		ahead(c.Low) + " and " + ahead(c.High)
	if c.Rate == 0 {
		return text
	}
	return text + ", at its capture's beginning; it gains " + phrase.PartsPerMillion(c.Rate) + " on the first, certainly between " +
		phrase.PartsPerMillion(c.RateLow) + " and " + phrase.PartsPerMillion(c.RateHigh)
}

func ahead(seconds float64) string {
	if seconds < 0 {
		return phrase.Duration(-seconds) + " behind"
	}
	return phrase.Duration(seconds) + " ahead"
}

// between writes what happened to the connections' segments between two taps.
func (p *page) between(d *Digest) {
	p.heading("Between the taps")
	if d.both == nil {
		p.line("  no connection was seen at both")
		return
	}
	shown, left := d.both.connections()
	t := newGrid(p, []string{"#", "from tap\nto tap", "sent", "arrived", "lost", "delay\nmin, median, max", "notes"})
	t.right(0, 2, 3, 4)
	for _, c := range shown {
		b := c.Between
		if b.ClientTap == 0 {
			t.row(number(c.ID), "?", "", "", "", "", "unknown which tap is nearer to the client")
			continue
		}
		for side := fsm.Client; side <= fsm.Server; side++ {
			x := &b.Dir[side]
			id, from := "", b.ClientTap
			if side == fsm.Client {
				id = number(c.ID)
			} else {
				from = 3 - b.ClientTap
			}
			t.row(id, side.String()+"'s, "+number(uint64(from))+" "+p.g.arrow+" "+number(uint64(3-from)),
				phrase.Count(x.Sent), phrase.Count(x.Arrived), phrase.Count(x.Lost), p.text(delays(x)), p.besides(b, side))
		}
	}
	t.write(p.paintFinding)
	p.line()
	p.hanging(2, "lost ", plain, "seen near the sender, not near the receiver: lost on the path, or missed by that tap", dim)
	if left > 0 {
		p.hanging(2, "", plain, phrase.Counted(uint64(left), "more connection", "more connections")+" not shown; --limit 0 shows all.", plain)
	}
}

func delays(x *record.Crossing) string {
	if x.Timed == 0 {
		return ""
	}
	var list []string
	for _, d := range [...]float64{x.Least, x.Median, x.Most} {
		if d < 0 { // within the clocks' bounds, a delay can come out so
			list = append(list, "-"+phrase.Duration(math.Abs(d)))
			continue
		}
		list = append(list, phrase.Duration(d))
	}
	return strings.Join(list, ", ")
}

// besides names all that is not as usual.
func (p *page) besides(b *record.Between, side fsm.Side) string {
	var list []string
	x := &b.Dir[side]
	if b.Translated {
		list = append(list, "at the second tap from "+addr(b.Ends[side])+" to "+addr(b.Ends[side.Peer()]))
	}
	if x.Lost > 0 || x.Partly > 0 {
		s := "lost: " + p.frames(x.LostFrames)
		if x.LostBytes > 0 {
			s += ", " + phrase.Size(x.LostBytes) + " of data"
		}
		list = append(list, s)
	}
	if x.Partly > 0 {
		list = append(list, phrase.Counted(x.Partly, "segment", "segments")+" partly lost")
	}
	if x.Unseen > 0 {
		s := phrase.Count(x.Unseen) + " acknowledged but not seen there: that tap missed them"
		if x.Lost > 0 {
			s += ", so perhaps some of the lost ones too"
		}
		list = append(list, s)
	}
	if n := x.Unjudged + x.Outside; n > 0 {
		list = append(list, phrase.Count(n)+" not judged: the other capture may not have been running, or cannot be compared")
	}
	if x.Extra > 0 {
		list = append(list, phrase.Count(x.Extra)+" near the receiver only (missed by the other tap, duplicated on the path, or sent by a middlebox): "+p.frames(x.ExtraFrames))
	}
	if x.Doubled > 0 {
		list = append(list, phrase.Count(x.Doubled)+" duplicated on the path")
	}
	if x.Altered > 0 {
		var what []string
		for _, c := range x.Changes {
			what = append(what, phrase.Count(c.N)+" "+c.Name)
		}
		list = append(list, "altered: "+strings.Join(what, ", ")+": "+p.frames(x.AlteredFrames))
	}
	if x.Resized > 0 {
		list = append(list, phrase.Count(x.Resized)+" resegmented")
	}
	if x.Hops > 0 {
		list = append(list, phrase.Counted(uint64(x.Hops), "hop", "hops"))
	}
	return p.text(strings.Join(list, "; "))
}
