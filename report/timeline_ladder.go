package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// ladder is the layout of one timeline: how wide each column must be for this
// connection, and which ones the page has room for.
type ladder struct {
	p     *page
	c     *record.Connection
	nanos bool // the capture tells nanoseconds

	frame, time, delta    int
	state                 int
	flags, seq, ack, size int
	mid                   int // cells between the lifelines
	shaft                 int // cells of an arrow's tail, its head included
	told                  map[*record.Anomaly]bool
	withTime, withDelta   bool
	severalDays, segments bool
}

const marks = 3 // cells of the margin

func (p *page) newLadder(c *record.Connection, rows []rung) *ladder {
	l := &ladder{p: p, c: c, told: map[*record.Anomaly]bool{}, shaft: 3,
		frame: len("frame"), time: len("time"), delta: len("delta"), state: len("CLIENT"),
		flags: len("flags"), seq: len("seq"), ack: len("ack"), size: len("len")}
	first, last := rows[0].time, rows[len(rows)-1].time
	l.severalDays = l.date(first) != l.date(last)
	for i := range rows {
		l.nanos = l.nanos || rows[i].seg != nil && rows[i].time%1000 != 0
	}
	if p.width < defaultWidth {
		l.nanos = false
	}
	l.withTime, l.withDelta = !c.Quality.Untimed, p.o.Time != DeltaTime && !c.Quality.Untimed
	for i := range rows {
		r := &rows[i]
		if r.frame != 0 {
			l.frame = max(l.frame, len(p.frame(r.frame)))
		}
		l.time = max(l.time, cells(l.when(r)))
		if r.delta >= 0 {
			l.delta = max(l.delta, cells(l.since(r)))
		}
		for _, s := range r.after {
			l.state = max(l.state, len(state(s)))
		}
		if r.seg == nil {
			continue
		}
		l.segments = true
		l.flags = max(l.flags, len(flags(r.seg)))
		seq, ack := p.numbers(r.seg)
		l.seq = max(l.seq, len(seq))
		l.ack = max(l.ack, len(ack))
		l.size = max(l.size, len(number(uint64(r.seg.Seg.Len))))
	}
	// What does not fit goes: first some of the arrows' tails, then the delta, then
	// the tails. Where even flags alone find no room the time goes too.
	if l.fit(); l.mid < l.columns() {
		l.shaft = 2
	}
	if l.mid < l.columns() && l.withDelta {
		l.withDelta = false
		l.fit()
	}
	if l.mid < l.columns() {
		l.shaft = 1
	}
	if l.mid < l.flags+2*(l.shaft+1) {
		l.withTime = false
		l.fit()
	}
	return l
}

// fit computes what the lifelines have between them.
func (l *ladder) fit() {
	l.mid = l.p.width - l.left() - 1 - l.state - 2
}

// left is where the left lifeline stands.
func (l *ladder) left() int {
	n := marks + l.frame + 1 + l.state + 1
	if l.withTime {
		n += l.time + 1
	}
	if l.withDelta {
		n += l.delta + 1
	}
	return n
}

// columns is what a segment's columns and the arrow's two halves need.
func (l *ladder) columns() int {
	return l.flags + 1 + l.seq + 1 + l.ack + 1 + l.size + 2*(l.shaft+1)
}

func flags(s *record.Segment) string { return "[" + s.Seg.Flags.String() + "]" }

// numbers returns the sequence and acknowledgement numbers as the page shows
// them, the latter empty without the ACK flag.
func (p *page) numbers(s *record.Segment) (seq, ack string) {
	q, a := s.RelSeq, s.RelAck
	if p.o.AbsSeq || !s.Rel {
		q, a = uint64(s.Seg.Seq), uint64(s.Seg.Ack)
	}
	if s.Seg.Flags.Has(fsm.ACK) {
		ack = number(a)
	}
	return number(q), ack
}

func (l *ladder) titles() {
	p := l.p
	front := strings.Repeat(" ", marks) + padLeft("frame", l.frame) + " "
	if l.withTime {
		front += padLeft(l.timeTitle(), l.time) + " "
	}
	if l.withDelta {
		front += padLeft("delta", l.delta) + " "
	}
	mid := strings.Repeat(" ", l.shaft+1) + padRight("flags", l.flags) + " " + padLeft("seq", l.seq) + " " +
		padLeft("ack", l.ack) + " " + padLeft("len", l.size)
	if !l.segments {
		mid = strings.Repeat(" ", l.shaft+1) + "what made the states change"
	}
	if cells(mid) > l.mid {
		mid = ""
	}
	p.line(p.paint(dim, front+padLeft("CLIENT", l.state)+" "+p.g.lifeline+padRight(mid, l.mid)+p.g.lifeline+" SERVER"))
}

func (l *ladder) timeTitle() string {
	if l.p.o.Time == DeltaTime {
		return "delta"
	}
	return "time"
}

// date returns the day of an absolute time format, else nothing.
func (l *ladder) date(t fsm.Time) string {
	switch l.p.o.Time {
	case LocalTime:
		return goTime(t).In(l.p.o.zone()).Format("2006-01-02")
	case UTCTime:
		return goTime(t).UTC().Format("2006-01-02")
	}
	return ""
}

// when writes a line's time in the format asked for.
func (l *ladder) when(r *rung) string {
	layout := "15:04:05.000000"
	if l.nanos {
		layout = "15:04:05.000000000"
	}
	if l.severalDays {
		layout = "01-02 " + layout
	}
	switch l.p.o.Time {
	case DeltaTime:
		return l.since(r)
	case LocalTime:
		return goTime(r.time).In(l.p.o.zone()).Format(layout)
	case UTCTime:
		return goTime(r.time).UTC().Format(layout)
	case EpochTime:
		return l.p.text(l.fraction(0, r.time))
	}
	return l.fraction(l.c.First, r.time)
}

// fraction writes the seconds from one time to another with six or nine decimals.
func (l *ladder) fraction(from, to fsm.Time) string {
	sign := ""
	if to < from {
		sign, from, to = "-", to, from
	}
	n := uint64(to) - uint64(from)
	digits := 9
	if !l.nanos {
		n, digits = (n+500)/1000, 6
	}
	unit := uint64(1)
	for range digits {
		unit *= 10
	}
	b := []byte(sign)
	b = append(b, number(n/unit)...)
	b = append(b, '.')
	return string(appendPadded(b, n%unit, digits))
}

func (l *ladder) since(r *rung) string {
	if r.delta < 0 {
		return ""
	}
	return l.p.text(phrase.Duration(r.delta))
}

func (l *ladder) draw(rows []rung) {
	for i := range rows {
		l.p.of = rows[i].frame
		l.rung(&rows[i])
	}
	l.p.of = 0
}

func (l *ladder) rung(r *rung) {
	p := l.p
	front := l.front(r)
	left := l.stateText(r, fsm.Client, padLeft)
	right := l.stateText(r, fsm.Server, padRight)
	life := p.paint(dim, p.g.lifeline)
	if r.seg == nil && (r.frame == 0 || r.timer) && cells(p.text(r.text)) > l.mid-2 {
		l.tall(r, front, left, right)
		return
	}
	mid, below := l.middle(r)
	below = l.tellAgain(r, below)
	p.line(front, left, " ", life, mid, life, " ", right)
	if below != "" {
		l.below("", plain, below)
	}
	for _, a := range r.findings {
		if !l.told[a] {
			l.told[a] = true
			l.below(a.Severity.String()+" ", severityStyle(a.Severity), p.text(findingSentence(a)))
		}
	}
}

// tellAgain adds the names of findings that an earlier line has told in full.
func (l *ladder) tellAgain(r *rung, below string) string {
	for _, a := range r.findings {
		if l.told[a] {
			if below != "" {
				below += ", "
			}
			below += l.p.text(a.Severity.String() + " " + string(a.Name))
		}
	}
	return below
}

// findingSentence tells a finding on a timeline: its name, the sentence, the numbers.
func findingSentence(a *record.Anomaly) string {
	text := string(a.Name)
	if a.Message != "" {
		text += ": " + a.Message
	}
	switch {
	case a.Seen != "" && a.Expected != "":
		text += " Seen " + a.Seen + ", expected " + a.Expected + "."
	case a.Seen != "":
		text += " Seen " + a.Seen + "."
	}
	return text
}

func (l *ladder) front(r *rung) string {
	p := l.p
	mark := strings.Repeat(" ", marks)
	if len(r.findings) > 0 {
		worst := r.findings[0].Severity
		for _, a := range r.findings {
			worst = max(worst, a.Severity)
		}
		mark = p.paint(severityStyle(worst), padRight(severityMarks[worst&3], marks))
	}
	frame, when, since := "", "", ""
	if r.frame != 0 {
		frame = p.frame(r.frame)
	}
	if r.frame != 0 || r.timer {
		when, since = l.when(r), l.since(r)
	}
	s := mark + padLeft(frame, l.frame) + " "
	if l.withTime {
		s += padLeft(when, l.time) + " "
	}
	if l.withDelta {
		s += p.paint(dim, padLeft(since, l.delta)) + " "
	}
	return s
}

func (l *ladder) stateText(r *rung, side fsm.Side, pad func(string, int) string) string {
	if !r.show[side] {
		return pad("", l.state)
	}
	s := state(r.after[side])
	st := dim
	if r.changed[side] {
		st = green
		if !r.after[side].Proved {
			st = yellow
		}
	}
	// The padding stays outside the colour: blanks at a line's end are cut.
	padded := pad(s, l.state)
	return strings.Replace(padded, s, l.p.paint(st, s), 1)
}

// middle returns what stands between the lifelines, exactly that wide, and what
// had no room there.
func (l *ladder) middle(r *rung) (mid, below string) {
	p := l.p
	room := l.mid - 2*(l.shaft+1)
	switch {
	case r.seg != nil:
		seq, ack := p.numbers(r.seg)
		text := padRight(flags(r.seg), l.flags) + " " + padLeft(seq, l.seq) + " " + padLeft(ack, l.ack) + " " +
			padLeft(number(uint64(r.seg.Seg.Len)), l.size)
		extra := p.extra(r)
		if cells(text) > room { // numbers too long for the page: the flags stay
			below = "seq " + seq + optional(" ack ", ack) + " len " + number(uint64(r.seg.Seg.Len)) + optional(", ", extra)
			return l.arrow(r.from, flags(r.seg)), below
		}
		if extra != "" && cells(text)+2+cells(extra) <= room {
			text, extra = text+"  "+extra, ""
		}
		return l.arrow(r.from, text), extra
	case r.frame != 0 && !r.timer:
		text := p.text(r.text)
		if cells(text) > room {
			return l.arrow(r.from, ""), text
		}
		return l.arrow(r.from, text), ""
	}
	return l.remark(p.text(r.text)), ""
}

// remark sets text that is no segment where segments' flags stand, or further
// left where it needs the room.
func (l *ladder) remark(text string) string {
	before := max(1, min(l.shaft+1, l.mid-1-cells(text)))
	// The padding stays outside the colour.
	return strings.Repeat(" ", before) + l.p.paint(dim, text) + strings.Repeat(" ", max(0, l.mid-before-cells(text)))
}

// tall writes a remark that needs several lines between the lifelines.
func (l *ladder) tall(r *rung, front, left, right string) {
	p := l.p
	life := p.paint(dim, p.g.lifeline)
	for _, text := range wrap(p.text(r.text), l.mid-2) {
		p.line(front, left, " ", life, l.remark(text), life, " ", right)
		front, left, right = strings.Repeat(" ", cells(front)), padLeft("", l.state), ""
	}
}

// arrow draws an arrow from its sender to the other lifeline, with text on it.
// The shaft goes on behind the text so that the eye can follow it.
func (l *ladder) arrow(from fsm.Side, text string) string {
	g := l.p.g
	inner := l.mid - 2*l.shaft
	if text != "" {
		text = " " + text + " "
	}
	text += strings.Repeat(g.shaft, max(0, inner-cells(text)))
	tail, point := strings.Repeat(g.shaft, l.shaft), strings.Repeat(g.shaft, l.shaft-1)
	if from == fsm.Client {
		return tail + text + point + g.right
	}
	return g.left + point + text + tail
}

// below writes what belongs to the line above, under its arrow.
func (l *ladder) below(lead string, st style, text string) {
	p := l.p
	indent := l.left()
	head := p.g.below + " "
	width := p.width - indent - cells(head)
	for i, s := range wrap(lead+text, width) {
		if i > 0 {
			head = strings.Repeat(" ", cells(p.g.below)+1)
		}
		if i == 0 && lead != "" {
			s = p.paint(st, strings.TrimRight(lead, " ")) + strings.TrimPrefix(s, strings.TrimRight(lead, " "))
		}
		p.line(strings.Repeat(" ", indent), head, s)
	}
}
