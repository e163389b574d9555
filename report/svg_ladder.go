package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// lanes are the columns of a drawn ladder.
type lanes struct {
	v    *canvas
	l    *ladder // what the text's ladder measures and words
	rows []rung
	at   []float64 // where each row's arrow lies

	frame, time, delta float64    // right ends
	life               [2]float64 // the middles of both lifelines
	text               float64    // where a segment's columns begin
	end                float64    // and where all text ends
	told               map[*record.Anomaly]bool
}

const (
	lifeWide  = 10 // a lifeline's width
	proofRoom = 40 // what proofs' lines may take beside a lifeline
	rowHigh   = 32 // from one arrow to the next
	lineHigh  = 16 // a line of text below an arrow
)

// ladder draws a connection's lines from y on, and returns where they end.
func (v *canvas) ladder(c *record.Connection, rows []rung, y float64) float64 {
	p := v.p
	p.width = 400 // of no account here: the text's ladder shall leave nothing out
	l := p.newLadder(c, rows)
	shown := p.leaveOut(p.limitRungs(p.fold(rows)), maxSVGRows, "")
	s := &lanes{v: v, l: l, rows: shown, told: map[*record.Anomaly]bool{}}
	s.measure()
	y = s.heads(c, y)
	body := &canvas{p: p} // the arrows lie above the lifelines, and say how long these are
	s.v = body
	end := s.arrows(y)
	s.v = v
	s.lifelines(y, end)
	s.proofs(c)
	v.b.WriteString(body.b.String())
	if c.SegmentsCut > 0 {
		end += 18
		v.text(s.text, end, "prose quiet", phrase.Counted(c.SegmentsCut, "segment was", "segments were")+" not kept.")
	}
	return s.expected(c, end) + 16
}

// measure places the columns.
func (s *lanes) measure() {
	l := s.l
	x := svgMargin + monoCell*float64(l.frame)
	s.frame = x
	if l.withTime {
		x += 10 + monoCell*float64(l.time)
		s.time = x
	}
	if l.withDelta {
		x += 10 + smallCell*float64(l.delta)
		s.delta = x
	}
	wide := 8 + monoCell*float64(l.state)
	s.life[fsm.Client] = x + 12 + wide + lifeWide/2
	s.life[fsm.Server] = svgWidth - svgMargin - wide - lifeWide/2
	s.text = s.life[fsm.Client] + lifeWide/2 + proofRoom
	s.end = s.life[fsm.Server] - lifeWide/2 - proofRoom
}

// heads writes above both lifelines whose they are, and the columns' names.
func (s *lanes) heads(c *record.Connection, y float64) float64 {
	v := s.v
	for side, a := range [...]record.Addr{c.Client, c.Server} {
		text := addr(a)
		w := max(90, 16+monoCell*float64(cells(text)))
		x := min(max(svgMargin, s.life[side]-w/2), svgWidth-svgMargin-w)
		v.box(x, y, w, 36, 6, "node b-"+sideClass(fsm.Side(side)))
		v.textAround(x+w/2, y+15, "strong "+sideClass(fsm.Side(side)), fsm.Side(side).String())
		v.textAround(x+w/2, y+29, "mono", text)
		v.line(s.life[side], y+36, s.life[side], y+56, "rule")
	}
	y += 50
	v.textTo(s.frame, y, "small quiet", "frame")
	if s.l.withTime {
		v.textTo(s.time, y, "small quiet", s.l.timeTitle())
	}
	if s.l.withDelta {
		v.textTo(s.delta, y, "small quiet", "delta")
	}
	if s.l.segments {
		at := s.columns()
		v.text(s.text, y, "small quiet", "flags")
		v.textTo(at[0], y, "small quiet", "seq")
		v.textTo(at[1], y, "small quiet", "ack")
		v.textTo(at[2], y, "small quiet", "len")
	}
	return y + 6
}

// columns returns where a segment's numbers end: sequence number, acknowledgment, length.
func (s *lanes) columns() (at [3]float64) {
	x := s.text + monoCell*float64(s.l.flags)
	for i, n := range [...]int{s.l.seq, s.l.ack, s.l.size} {
		x += 12 + monoCell*float64(n)
		at[i] = x
	}
	return at
}

// arrows writes the rows from y on, notes where each lies, and returns where the last ends.
func (s *lanes) arrows(y float64) float64 {
	for i := range s.rows {
		r := &s.rows[i]
		switch {
		case i == 0: // the states to begin with
			y += 14
		case r.seg == nil && r.frame == 0:
			y += 26
		default:
			y += rowHigh
		}
		s.at = append(s.at, y)
		s.front(r, y)
		y = s.row(r, y)
		y = s.findings(r, y)
	}
	return y
}

// front writes frame and times of a row.
func (s *lanes) front(r *rung, y float64) {
	v := s.v
	if r.frame == 0 && !r.timer {
		return
	}
	class := "mono"
	if len(r.findings) > 0 {
		worst := slices.MaxFunc(r.findings, func(a, b *record.Anomaly) int { return int(a.Severity) - int(b.Severity) })
		class = "strong " + findingClass(worst.Severity)
	}
	if r.frame != 0 {
		v.textTo(s.frame, y+4, class, s.l.p.frame(r.frame))
	}
	if s.l.withTime {
		v.textTo(s.time, y+4, "mono", s.l.when(r))
	}
	if s.l.withDelta {
		v.textTo(s.delta, y+4, "small quiet", s.l.since(r))
	}
}

// row draws what stands between the lifelines, and returns where it ends.
func (s *lanes) row(r *rung, y float64) float64 {
	v, p := s.v, s.l.p
	left, right := s.life[fsm.Client]+lifeWide/2, s.life[fsm.Server]-lifeWide/2
	switch {
	case r.seg != nil:
		v.line(left, y, right, y, "shaft")
		if r.from == fsm.Client {
			v.head(right, y, 1, 0, "point")
		} else {
			v.head(left, y, -1, 0, "point")
		}
		return s.segment(r, y)
	case r.frame != 0 && !r.timer:
		v.line(left, y, right, y, "shaft")
		if r.from == fsm.Client {
			v.head(right, y, 1, 0, "point")
		} else {
			v.head(left, y, -1, 0, "point")
		}
		return s.remark(p.text(r.text), y-22) + 6
	case r.text != "":
		return max(y, s.remark(p.text(r.text), y-12))
	}
	return y
}

// remark writes text that is no segment, below y.
func (s *lanes) remark(text string, y float64) float64 {
	for _, l := range wrap(text, int((s.end-s.text)/smallCell)) {
		y += lineHigh
		s.v.textAround((s.life[0]+s.life[1])/2, y, "small quiet", l)
	}
	return y
}

// segment writes a segment's flags and numbers above its arrow, behind them its labels, and
// below it what else it carries.
func (s *lanes) segment(r *rung, y float64) float64 {
	v, p := s.v, s.l.p
	up := y - 6
	at := s.columns()
	seq, ack := p.numbers(r.seg)
	details := strings.Join(p.details(r), ", ")
	x := s.text
	v.text(x, up, "strong", flags(r.seg))
	if at[2] <= s.end {
		v.textTo(at[0], up, "mono", seq)
		v.textTo(at[1], up, "mono", ack)
		v.textTo(at[2], up, "mono", number(uint64(r.seg.Seg.Len)))
		x = at[2]
	} else {
		details = "seq " + seq + optional(" ack ", ack) + " len " + number(uint64(r.seg.Seg.Len)) + optional(", ", details)
		x += monoCell * float64(s.l.flags)
	}
	x, under := s.pills(s.marks(r), x+14, y)
	if details == "" {
		return under
	}
	room := int((s.end - x) / smallCell)
	if under == y && cells(p.text(details)) <= room {
		v.text(x, up, "small quiet", details)
		return y
	}
	if under > y && cells(p.text(details)) <= room {
		v.text(x, under, "small quiet", details)
		return under
	}
	for _, l := range wrap(p.text(details), int((s.end-s.text)/smallCell)) {
		under += lineHigh
		v.text(s.text, under, "small quiet", l)
	}
	return under
}

// mark is a short text with a frame around it.
type mark struct{ text, class string }

// marks are a segment's labels, and the findings that an earlier row has told.
func (s *lanes) marks(r *rung) (list []mark) {
	for _, name := range labelNames(r.seg) {
		list = append(list, mark{name, "label"})
	}
	for _, a := range r.findings {
		if s.told[a] {
			list = append(list, mark{a.Severity.String() + " " + string(a.Name), findingClass(a.Severity)})
		}
	}
	return list
}

// pills draws marks from x on above the arrow at y, and below it those that find no room.
// It returns where they end.
func (s *lanes) pills(list []mark, x, y float64) (right, under float64) {
	under = y
	for _, m := range list {
		if x+smallCell*float64(cells(s.l.p.text(m.text)))+12 > s.end {
			x = s.text
			if under += lineHigh; under > y+lineHigh {
				under += 3
			}
		}
		place := y - 6
		if under > y {
			place = under
		}
		x = s.v.pill(x, place, m.class, m.text) + 6
	}
	return x, under
}

// findings writes below a row what was found there and not told before.
func (s *lanes) findings(r *rung, y float64) float64 {
	v, p := s.v, s.l.p
	wide := s.end - s.text
	for _, a := range r.findings {
		if s.told[a] {
			continue
		}
		s.told[a] = true
		text := a.Severity.String() + " " + findingSentence(a)
		lines := wrap(p.text(text), int((wide-20)/sansCell))
		y += 6
		high := float64(18*len(lines) + 6)
		v.box(s.text, y, wide, high, 4, "panel")
		v.box(s.text, y, 3, high, 1.5, findingClass(a.Severity))
		for i, l := range lines {
			class := "prose"
			if i == 0 {
				class += " " + findingClass(a.Severity)
			}
			v.text(s.text+12, y+17+float64(18*i), class, l)
		}
		y += high
	}
	return y
}
